/** One physical connection as the core sees it. Transports make links; sessions write to them. */
import type { ErrorCode, Framing } from "../protocol/index.ts";

export interface Link {
  /** Links that share this object get the same bytes: each run is encoded once for all of them. */
  readonly framing: Framing;
  /** Bytes are always taken, are shared and frozen. `false`: full until the transport calls `session.drained()`. */
  write(bytes: Uint8Array): boolean;
  readonly pendingBytes: number;
  /** Gathers the writes of one flush into one. */
  cork(): void;
  uncork(): void;
  /** Stops or goes on reading from the peer, where the transport can. */
  setReading(on: boolean): void;
  /** Says why, ends the connection, and leads to `session.closed()`. */
  close(code: ErrorCode, message: string, after?: number): void;
}
