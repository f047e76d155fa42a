/** The client for browsers and everything else with web standards. Imports no package; `index.node.ts` is its Node half. */
import { createSeamOn } from "./client.ts";
import type { Client, ClientOptions } from "./client-api.ts";
import { webPlatform } from "./platform.ts";
import { type Opener, openClient } from "./seam.ts";
import { pollTransport } from "./transports/poll.ts";
import { sseTransport } from "./transports/sse.ts";
import { webSocketTransport } from "./transports/websocket.ts";

export { EitherwayError, type ErrorCode, type GapReason, type Id, isEitherwayError } from "../protocol/index.ts";
export type * from "./client-api.ts";
export { type HistoryOptions, type HistoryPage, readHistory } from "./history.ts";
export type { ClientClock, Random, Undo } from "./ports.ts";
export { readStream, type StreamChunk, type StreamReader, type StreamSnapshot, type StreamState } from "./streams.ts";
export type * from "./transport.ts";
export type * from "./typed/typed-api.ts";

/**
 * A client. It connects when there is something to do: the first listener or publish.
 *
 * @example
 * const client = createClient({ url: "/eitherway" });
 * const room = client.channel("room/42");
 * room.on("message", (data, meta) => console.log(meta.id, data));
 * await room.publish({ text: "hi" });
 *
 * With a contract (`eitherway/contract`) its channels are typed: `createClient(app, { url: "/eitherway" })`.
 *
 * @throws EitherwayError `bad-request` for an option that makes no sense
 */
export function createClient<Typed>(app: Opener<Typed>, options: ClientOptions): Typed;
export function createClient(options: ClientOptions): Client;
export function createClient(first: Opener<Client> | ClientOptions, second?: ClientOptions): Client {
  return openClient(first, second, (options) => createSeamOn(PLATFORM, options));
}

const PLATFORM = { ...webPlatform, transports: [webSocketTransport, sseTransport, pollTransport] };
