/** Where a part that not every client has finds the HTTP door of its client's server. */
import type { CoreClient } from "./client-api.ts";
import type { Destination } from "./transport.ts";

/** A symbol, since applications have no use for it. */
export const HTTP_DOOR = Symbol();

/** Where it is, and how it is spoken to. */
export type HttpDoor = Pick<Destination, "url" | "fetch">;

export function httpDoorOf(client: CoreClient): HttpDoor {
  return (client as CoreClient & { readonly [HTTP_DOOR]: HttpDoor })[HTTP_DOOR];
}
