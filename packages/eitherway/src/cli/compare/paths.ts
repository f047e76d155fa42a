/** The ways from a client to a server that are compared: transports of the client over one version of HTTP. */
import { type Client, type ClientOptions, createClient, type TransportName } from "../../client/index.node.ts";

export type PathId = "ws" | "sse" | "sse-h2" | "poll";

export interface Path {
  readonly id: PathId;
  /** For people. */
  readonly name: string;
  readonly http: 1 | 2;
  createClient(url: string, options?: Pick<ClientOptions, "framing">): Client;
}

export const PATHS: readonly Path[] = [
  path("ws", "WebSocket", "websocket"),
  path("sse", "SSE", "sse"),
  path("poll", "long-poll", "poll"),
];

function path(id: PathId, name: string, transport: TransportName): Path {
  return { id, name, http: 1, createClient: (url, options) => createClient({ ...options, url, transport }) };
}
