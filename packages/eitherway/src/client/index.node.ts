/** The client under Node: the same API, with `ws` for WebSockets, which Node 20 does not have. */
import { WebSocket } from "ws";
import { createSeamOn } from "./client.ts";
import type { Client, ClientOptions } from "./client-api.ts";
import { createNetworkMemory } from "./network-memory.ts";
import { webPlatform } from "./platform.ts";
import { type Opener, openClient } from "./seam.ts";
import { pollTransport } from "./transports/poll.ts";
import { sseTransport } from "./transports/sse.ts";
import { createWebSocketTransport, type SocketConstructor } from "./transports/websocket.ts";

export { EitherwayError, type ErrorCode, type GapReason, type Id, isEitherwayError } from "../protocol/index.ts";
export type * from "./client-api.ts";
export { type HistoryOptions, type HistoryPage, readHistory } from "./history.ts";
export type { ClientClock, Random, Undo } from "./ports.ts";
export { readStream, type StreamChunk, type StreamReader, type StreamSnapshot, type StreamState } from "./streams.ts";
export type * from "./transport.ts";
export type * from "./typed/typed-api.ts";

/** See index.ts. An open link, and the wait for the next attempt, keep the process alive: `close()` lets it end. */
export function createClient<Typed>(app: Opener<Typed>, options: ClientOptions): Typed;
export function createClient(options: ClientOptions): Client;
export function createClient(first: Opener<Client> | ClientOptions, second?: ClientOptions): Client {
  const platform = { ...webPlatform, createNetworkMemory, transports: [webSocket, sseTransport, pollTransport] };
  return openClient(first, second, (options) => createSeamOn(platform, options));
}

/** A peer that is gone does not answer the closing handshake; a process that wants to end must not wait 30 s for it. */
const CLOSE_MS = 1_000;

/** A variable, since the types of `ws` do not know `closeTimeout` yet. */
const OPTIONS = { closeTimeout: CLOSE_MS, perMessageDeflate: false };

class NodeSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, OPTIONS);
  }
}

const webSocket = createWebSocketTransport(() => NodeSocket as unknown as SocketConstructor);
