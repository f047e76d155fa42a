/** Where a part that not every client has finds the HTTP door of its client's server. */
import type { CoreClient } from "./client-api.ts";
import type { Fetch } from "./transport.ts";

/** A symbol, since applications have no use for it. `http:` or `https:`, without a slash at its end. */
export const HTTP_DOOR = Symbol();

/** How that door is spoken to. Only clients on a network of their own have it; all others speak as the platform does. */
export const HTTP_FETCH = Symbol();

export interface HttpDoor {
  readonly url: string;
  readonly fetch: Fetch;
}

export function httpDoorOf(client: Pick<CoreClient, "id">): HttpDoor {
  const own = client as typeof client & { readonly [HTTP_DOOR]: string; readonly [HTTP_FETCH]?: Fetch };
  return { url: own[HTTP_DOOR], fetch: own[HTTP_FETCH] ?? fetch };
}
