/** A live subscription as a flush sees it. */
import type { Epoch, Framing } from "../protocol/index.ts";

/** Where the runs of a live subscription go. */
export interface RunSink {
  readonly framing: Framing;
  /** The link takes no more; nothing is written to it until it has drained. */
  readonly full: boolean;
  writeRun(bytes: Uint8Array, now: number): void;
  /** Gathers what is written up to `uncork` into one write; `true` the first time. */
  cork(): boolean;
  uncork(): void;
}

/** A live subscription as its topic sees it: where it stands, and what to do when a flush does not continue it. */
export interface LiveReader {
  readonly subscriber: RunSink;
  readonly epoch: Epoch | undefined;
  seq: number;
  /** Leaves the flush and reads on from the log. */
  fallBack(): void;
}
