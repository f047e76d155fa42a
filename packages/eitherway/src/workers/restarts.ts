/** When a worker that ended is started again: at once, and later and later where they end soon each time. */
import type { Clock, Undo } from "../core/index.ts";

export interface Restarts {
  /** One ended that had lived so long. @returns milliseconds until its successor starts */
  add(livedMs: number): number;
  /** Starts none any more. */
  stop(): void;
}

/** Who has lived that long had a reason of his own to end. */
const SOON_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

export function createRestarts(clock: Clock, start: () => void): Restarts {
  const waiting = new Set<Undo>();
  let nextPauseMs = 0;

  return {
    add(livedMs) {
      if (livedMs >= SOON_MS) nextPauseMs = 0;
      const pauseMs = nextPauseMs;
      nextPauseMs = Math.min(Math.max(2 * pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
      const undo = clock.after(pauseMs, () => {
        waiting.delete(undo);
        start();
      });
      waiting.add(undo);
      return pauseMs;
    },
    stop() {
      for (const undo of waiting) undo();
      waiting.clear();
    },
  };
}
