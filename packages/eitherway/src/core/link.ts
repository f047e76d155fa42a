/** One physical connection as the core sees it. Transports make links; sessions write to them. */
import type { ErrorCode, Framing, ServerFrame } from "../protocol/index.ts";

/** What kind of frame a write carries, for links that decide by it (a long-poll ends after its first messages). */
export type FrameKind = "messages" | ServerFrame["t"];

/** What a link came by. `events` is plain `EventSource`; a `poll` is a link for as long as one answer takes. */
export type LinkTransport = "websocket" | "sse" | "events" | "poll";

export interface Link {
  /** For `stats()`. */
  readonly transport: LinkTransport;
  /** Links that share this object get the same bytes: each run is encoded once for all of them. */
  readonly framing: Framing;
  /** Bytes are always taken, are shared and frozen. `false`: full until the transport calls `session.drained()`. */
  write(bytes: Uint8Array, kind: FrameKind): boolean;
  /**
   * `ping-pong`: the peer answers pings, and its silence closes the link. `ping`: the peer only listens.
   * `none`: the link is too short-lived for either.
   */
  readonly heartbeat: "ping-pong" | "ping" | "none";
  readonly pendingBytes: number;
  /** Gathers the writes of one flush into one. */
  cork(): void;
  uncork(): void;
  /** Stops or goes on reading from the peer, where the transport can. */
  setReading(on: boolean): void;
  /** Says why, ends the connection, and leads to `session.closed()`. */
  close(code: ErrorCode, message: string, after?: number): void;
}
