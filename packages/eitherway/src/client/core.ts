/**
 * The client by the piece: a bundle has the transports that it names, and no other. `eitherway/client` is this with all of them.
 */
import { createClientOn } from "./client.ts";
import type { Client, ClientOptions } from "./client-api.ts";
import { webPlatform } from "./platform.ts";
import type { ClientTransport } from "./transport.ts";

export { EitherwayError, type ErrorCode, type GapReason, type Id, isEitherwayError } from "../protocol/index.ts";
export type * from "./client-api.ts";
export type { ClientClock, Random, Undo } from "./ports.ts";
export type * from "./transport.ts";
export { pollTransport as poll } from "./transports/poll.ts";
export { sseTransport as sse } from "./transports/sse.ts";
export { webSocketTransport as webSocket } from "./transports/websocket.ts";

export interface CoreClientOptions extends ClientOptions {
  /** The transports to use; the order is that of `auto`. Node 20 has no WebSocket of its own: `eitherway/client` brings one. */
  readonly transports: readonly ClientTransport[];
}

/**
 * A client of these transports. With one alone there is nothing to fall back to where the network does not let it through.
 *
 * @example
 * import { createClient, sse, webSocket } from "eitherway/client/core";
 * const client = createClient({ url: "/eitherway", transports: [webSocket, sse] });
 *
 * @throws EitherwayError `bad-request` for an option that makes no sense
 */
export function createClient(options: CoreClientOptions): Client {
  return createClientOn({ ...webPlatform, transports: options.transports }, options);
}
