/** The time of whatever host this is, as the core's `Clock`. */
import type { Clock } from "../core/index.ts";

/** What hosts have beside the web's own. */
interface Host {
  readonly setImmediate?: (run: () => void) => void;
  readonly Deno?: { unrefTimer(timer: unknown): void };
}

/** Almost 25 days. To the timers of hosts what is longer is due at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Timers of this clock keep no process alive, where the host can tell them apart; `defer` runs after the I/O that is at hand. */
export function createHostClock(): Clock {
  const { setImmediate: immediately, Deno } = globalThis as Host;
  return {
    wall: () => Date.now(),
    now: () => performance.now(),
    after(ms, run) {
      const timer: unknown = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS));
      if (isRefTimer(timer)) timer.unref();
      else Deno?.unrefTimer(timer);
      return () => clearTimeout(timer as number);
    },
    defer: (run) => void (immediately ? immediately(run) : setTimeout(run)),
  };
}

/** Timers of Node and Bun. */
function isRefTimer(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}
