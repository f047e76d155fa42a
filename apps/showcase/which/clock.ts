/** The clock by which the page measures: the browser's own, which never steps back. */
import type { RoundClock } from "eitherway/instrument";

export const pageClock: RoundClock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after so many milliseconds, or at once when the signal ends everything. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const undo = pageClock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      undo();
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
