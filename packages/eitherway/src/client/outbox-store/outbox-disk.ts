/** The seam of outbox stores: where boxes of commands are kept, and who has which. Implement it to keep them elsewhere. */
import type { Undo } from "../ports.ts";
import type { KeptCommand } from "./outbox-store.ts";

/**
 * A box has the commands of one client id. It is on disk only while it has any, and one tab at a time has its lock; whoever writes
 * to it has it. A tab that ends, in whatever way, loses its locks.
 *
 * Everything rejects with `storage-full` where space is what is missing, and with `unavailable` where the disk fails otherwise.
 */
export interface OutboxDisk {
  /** The boxes on disk, oldest first. */
  boxes(): Promise<readonly string[]>;
  /** The lock of a box, or `undefined` when it did not come free within so many milliseconds; 0: now or not. */
  lock(box: string, ms: number): Promise<Undo | undefined>;
  /** What is in a box that is locked, after one more opening was noted durably; `undefined` for a box that is not on disk. */
  open(box: string): Promise<OpenedBox | undefined>;
  /** All of it or nothing, and durable once it resolves. Resolves with the counters of `mark` that are not on disk. */
  write(box: string, batch: OutboxBatch): Promise<readonly number[]>;
  /** Lets go of the disk itself; locks stay. */
  close(): void;
}

export interface OpenedBox {
  /** How often it was opened before: 1 for one that its maker alone had. */
  readonly opening: number;
  /** In the order of their counters. */
  readonly commands: readonly KeptCommand[];
}

export interface OutboxBatch {
  readonly opening: number;
  readonly add: readonly KeptCommand[];
  readonly mark: readonly Pick<KeptCommand, "counter" | "sentAt">[];
  readonly remove: readonly number[];
  /** Nothing is left in the box then, and the box itself goes. */
  readonly empties: boolean;
}
