/**
 * How many bytes may be on their way to subscribers. Publishing beyond it waits, first come first served, so that order holds;
 * and what waits is bounded by the same number (P6).
 */
import { EitherwayError } from "../protocol/index.ts";

export interface Room {
  /**
   * Asks for room for a publish of that many bytes. `undefined`: it may happen now; else it may when the promise resolves.
   * Pairs with `leave`.
   *
   * @throws EitherwayError `unavailable` when too much waits already; then nothing is to be left
   */
  enter(bytes: number): Promise<void> | undefined;
  /** The publish is done: what it announced counts by itself from here on. */
  leave(bytes: number): void;
  /** Bytes that were announced (+), or have been flushed or dropped (-). */
  use(bytes: number): void;
  /** Announced and not flushed. */
  readonly used: number;
  /** A publish would have to wait. */
  readonly full: boolean;
}

interface Waiting {
  readonly bytes: number;
  go(): void;
}

export function createRoom(most: number): Room {
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  /** Bytes of publishes that were let in and have not announced yet. */
  let entered = 0;
  let used = 0;

  function admit(): void {
    while (waiting.length > 0 && used + entered < most) {
      const { bytes, go } = waiting.shift() as Waiting;
      waitingBytes -= bytes;
      entered += bytes;
      go();
    }
  }

  const isFull = (): boolean => waiting.length > 0 || used + entered >= most;

  return {
    enter(bytes) {
      if (!isFull()) {
        entered += bytes;
        return undefined;
      }
      if (waitingBytes > 0 && waitingBytes + bytes > most) {
        throw new EitherwayError(
          "unavailable",
          `${waitingBytes} bytes of publishes wait for slow delivery already, the limit is ${most} (limits.unflushedBytes); try again.`,
        );
      }
      waitingBytes += bytes;
      return new Promise((resolve) => waiting.push({ bytes, go: resolve }));
    },
    leave(bytes) {
      entered -= bytes;
      admit();
    },
    use(bytes) {
      used += bytes;
      if (bytes < 0) admit();
    },
    get used() {
      return used;
    },
    get full() {
      return isFull();
    },
  };
}
