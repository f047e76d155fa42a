/** Real time that can leap: deadlines of half a minute are due when a test says so, all else runs as in production. */
import { performance } from "node:perf_hooks";
import type { Clock } from "../core/index.ts";

export interface LeapingClock extends Clock {
  /** Lets `ms` pass at once: what comes due meanwhile runs now, in order of time. */
  leap(ms: number): void;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
  handle?: NodeJS.Timeout;
}

/** To a platform a longer wait is none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Fits a server as well as a client. Its timers keep no process alive. */
export function createLeapingClock(): LeapingClock {
  const timers = new Set<Timer>();
  let ahead = 0;

  const now = (): number => performance.now() + ahead;

  function arm(timer: Timer): void {
    clearTimeout(timer.handle);
    const wait = Math.min(Math.max(0, timer.due - now()), LONGEST_TIMER_MS);
    timer.handle = setTimeout(() => fire(timer), wait).unref();
  }

  function fire(timer: Timer): void {
    clearTimeout(timer.handle);
    if (timers.delete(timer)) timer.run();
  }

  return {
    wall: () => Date.now() + ahead,
    now,
    after(ms, run) {
      const timer: Timer = { due: now() + ms, run };
      arm(timer);
      timers.add(timer);
      return () => {
        clearTimeout(timer.handle);
        timers.delete(timer);
      };
    },
    defer: (run) => void setImmediate(run),
    leap(ms) {
      ahead += ms;
      // What a timer starts has its whole time before it: only those of this moment are looked at.
      for (const timer of [...timers].sort((left, right) => left.due - right.due)) {
        if (!timers.has(timer)) continue;
        if (timer.due <= now()) fire(timer);
        else arm(timer);
      }
    },
  };
}
