/** The ways to speak with a server: each transport with each of its framings. */
import type { ClientFraming, TransportName } from "../client/transport.ts";
import { binaryClientCodec, jsonClientCodec } from "../protocol/index.ts";

export interface Dialect {
  /** As tests call it: `websocket binary`. */
  readonly name: string;
  readonly transport: Exclude<TransportName, "shared">;
  readonly framing: ClientFraming;
}

export const DIALECTS: readonly Dialect[] = [
  { name: "websocket json", transport: "websocket", framing: jsonClientCodec },
  { name: "websocket binary", transport: "websocket", framing: binaryClientCodec },
  { name: "sse", transport: "sse", framing: jsonClientCodec },
  { name: "poll", transport: "poll", framing: jsonClientCodec },
];
