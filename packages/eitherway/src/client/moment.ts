/** Moments by two clocks, for what must not be fooled by sleep: one clock stands still in it, the other may be set. */
import type { ClientClock } from "./ports.ts";

export interface Moment {
  readonly now: number;
  readonly wall: number;
}

export function momentOf(clock: ClientClock): Moment {
  return { now: clock.now(), wall: clock.wall() };
}

/** Milliseconds, by whichever clock says more. */
export function msSince({ now, wall }: Moment, clock: ClientClock): number {
  return Math.max(clock.now() - now, clock.wall() - wall);
}
