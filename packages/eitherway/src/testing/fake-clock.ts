/** Time that only a test moves: a `Clock` whose timers and deferred work run when told to, in order. */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../core/index.ts";

export interface FakeClock extends Clock {
  /** Timers that wait: 0 when everything has ended that should. */
  readonly pending: number;
  /**
   * Lets `ms` pass. Each timer that comes due runs at its time, in order of time and then of creation, also those that
   * timers start meanwhile; the work that a timer defers is done before the next timer.
   */
  advance(ms: number): void;
  /**
   * Lets time pass until the next timer has run, with all that come due together with it, but at most `ms`. The milliseconds that
   * passed. For tests whose promise jobs have to run between timers.
   */
  advanceToNext(ms: number): number;
  /** Ends the event-loop turn: runs what was deferred so far. What that defers waits for the next turn. */
  turn(): void;
  /** Runs promise jobs and turns until nothing is deferred any more. No time passes. */
  settle(): Promise<void>;
  /** The wall clock is set, forward or back. Timers and `now()` do not notice. */
  stepWall(ms: number): void;
}

export interface FakeClockOptions {
  /** What `wall()` says at first, milliseconds since 1970. Default: the start of 2026. */
  readonly wall?: number;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

const DEFAULT_WALL = Date.UTC(2026, 0, 1);
/** `now()` at first: not 0, so that code which takes a time for a truth value fails in tests. */
const FIRST_NOW = 1_000;
/** More turns than any honest chain of work; beyond it something defers itself for ever and would hang the test. */
const MOST_TURNS = 100_000;

/**
 * @example
 * const clock = createFakeClock();
 * clock.after(1_000, () => console.log("a second later"));
 * clock.advance(1_000);
 */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  let now = FIRST_NOW;
  let wallAhead = (options.wall ?? DEFAULT_WALL) - FIRST_NOW;
  /** By due time, and by creation where that is equal. */
  const timers: Timer[] = [];
  let deferred: (() => void)[] = [];

  function after(ms: number, run: () => void): () => void {
    if (Number.isNaN(ms)) throw new RangeError("after(NaN): a timer needs a time");
    const timer = { due: now + Math.max(0, ms), run };
    const behind = timers.findLastIndex(({ due }) => due <= timer.due);
    timers.splice(behind + 1, 0, timer);
    return () => {
      const at = timers.indexOf(timer);
      if (at >= 0) timers.splice(at, 1);
    };
  }

  function turn(): void {
    const work = deferred;
    deferred = [];
    for (const run of work) run();
  }

  function turnUntilIdle(): void {
    for (let turns = 0; deferred.length > 0; turns++) {
      failAfter(turns);
      turn();
    }
  }

  function advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`advance(${ms}): time goes forward only; stepWall sets the wall clock back`);
    advanceTo(now + ms);
  }

  function advanceTo(end: number): void {
    turnUntilIdle();
    for (let next = timers[0]; next && next.due <= end; next = timers[0]) {
      timers.shift();
      now = next.due;
      next.run();
      turnUntilIdle();
    }
    now = end;
  }

  function advanceToNext(ms: number): number {
    const before = now;
    advanceTo(Math.min(timers[0]?.due ?? Number.POSITIVE_INFINITY, now + ms));
    return now - before;
  }

  async function settle(): Promise<void> {
    for (let turns = 0; ; turns++) {
      failAfter(turns);
      await setImmediate(); // every promise job that can run has run when this one does
      if (deferred.length === 0) return;
      turn();
    }
  }

  return {
    wall: () => now + wallAhead,
    now: () => now,
    after,
    defer(run) {
      deferred.push(run);
    },
    get pending() {
      return timers.length;
    },
    advance,
    advanceToNext,
    turn,
    settle,
    stepWall(ms) {
      wallAhead += ms;
    },
  };
}

function failAfter(turns: number): void {
  if (turns > MOST_TURNS) throw new Error(`Work defers itself for ever: ${MOST_TURNS} turns and no end.`);
}
