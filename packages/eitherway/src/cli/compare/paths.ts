/** The ways from a client to a server that are compared: transports of the client over one version of HTTP. */
import { type Client, type ClientOptions, createClient } from "../../client/index.node.ts";
import { sseHttp2Transport } from "./sse-http2.ts";

export type PathId = "ws" | "sse" | "sse-h2" | "poll";

export interface Path {
  readonly id: PathId;
  /** For people. */
  readonly name: string;
  readonly http: 1 | 2;
  createClient(url: string, options?: Pick<ClientOptions, "framing">): Client;
}

export const PATHS: readonly Path[] = [
  { id: "ws", name: "WebSocket", http: 1, createClient: client({ transport: "websocket" }) },
  { id: "sse", name: "SSE", http: 1, createClient: client({ transport: "sse" }) },
  { id: "sse-h2", name: "SSE (h2)", http: 2, createClient: client({ transports: [sseHttp2Transport] }) },
  { id: "poll", name: "long-poll", http: 1, createClient: client({ transport: "poll" }) },
];

function client(how: Pick<ClientOptions, "transport" | "transports">): Path["createClient"] {
  return (url, options) => createClient({ ...options, ...how, url });
}
