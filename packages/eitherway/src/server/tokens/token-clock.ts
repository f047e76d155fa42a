/** The time that tokens and keys are judged by. */
import type { Clock } from "../../core/index.ts";

export type TokenClock = Pick<Clock, "wall" | "now" | "after">;

/** The host's own. */
export const HOST_CLOCK: TokenClock = {
  wall: () => Date.now(),
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms); // every caller undoes it, so it keeps no process alive beyond its request
    return () => clearTimeout(timer);
  },
};
