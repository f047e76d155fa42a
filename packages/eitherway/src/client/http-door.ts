/** Where a part that not every client has finds the HTTP door of its client's server. */
import type { AnyClient, CommonOptions } from "./client-api.ts";
import type { Fetch } from "./transport.ts";

/** A symbol, since applications have no use for it. `http:` or `https:`, without a slash at its end. */
export const HTTP_DOOR = Symbol();

/** What that door is shown of who asks. */
export const HTTP_TOKEN = Symbol();

/** How that door is spoken to. Only clients on a network of their own have it; all others speak as the platform does. */
export const HTTP_FETCH = Symbol();

export interface WithHttpDoor {
  readonly [HTTP_DOOR]: string;
  readonly [HTTP_TOKEN]: CommonOptions["token"];
  readonly [HTTP_FETCH]?: Fetch;
}

export interface HttpDoor {
  readonly url: string;
  readonly fetch: Fetch;
  readonly token: CommonOptions["token"];
}

/** @param client of whatever kind, as `createClient` made it */
export function httpDoorOf(client: AnyClient): HttpDoor {
  const own = client as AnyClient & WithHttpDoor;
  return { url: own[HTTP_DOOR], token: own[HTTP_TOKEN], fetch: own[HTTP_FETCH] ?? fetch };
}
