/** Where a part that not every client has finds the HTTP door of its client's server. */
import type { AnyClient, CommonOptions } from "./client-api.ts";

/** A symbol, since applications have no use for it. */
export const HTTP_DOOR = Symbol();

export interface WithHttpDoor {
  readonly [HTTP_DOOR]: HttpDoor;
}

export interface HttpDoor extends Pick<CommonOptions, "token" | "fetch"> {
  /** `http:` or `https:`, without a slash at its end. */
  readonly url: string;
}

/** @param client of whatever kind, as `createClient` made it */
export function httpDoorOf(client: AnyClient): HttpDoor {
  return (client as AnyClient & WithHttpDoor)[HTTP_DOOR];
}
