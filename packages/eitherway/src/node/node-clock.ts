/** The platform's time as the core's `Clock`. */
import { performance } from "node:perf_hooks";
import type { Clock } from "../core/index.ts";
import { LONGEST_TIMER_MS } from "../fetch/host-clock.ts";

/** Timers of this clock keep no process alive; `defer` runs after the I/O that is at hand (`setImmediate`). */
export function createNodeClock(): Clock {
  return {
    wall: () => Date.now(),
    now: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS));
      timer.unref();
      return () => clearTimeout(timer);
    },
    defer(run) {
      setImmediate(run);
    },
  };
}
