/** Where a part that not every client has finds the HTTP door of its client's server. */
import type { CoreClient } from "./client-api.ts";

/** A symbol, since applications have no use for it. */
export const HTTP_DOOR = Symbol();

/** `http:` or `https:`, without a slash at its end. */
export function httpDoorOf(client: CoreClient): string {
  return (client as CoreClient & { readonly [HTTP_DOOR]: string })[HTTP_DOOR];
}
