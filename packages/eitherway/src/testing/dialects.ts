/** The ways to speak with a server: each transport with each of its framings. */
import type { TransportName } from "../client/transport.ts";

export interface Dialect {
  /** As tests call it: `websocket binary`. */
  readonly name: string;
  readonly transport: TransportName;
  readonly framing: "json" | "binary";
}

export const DIALECTS: readonly Dialect[] = [
  { name: "websocket json", transport: "websocket", framing: "json" },
  { name: "websocket binary", transport: "websocket", framing: "binary" },
  { name: "sse", transport: "sse", framing: "json" },
  { name: "poll", transport: "poll", framing: "json" },
];
