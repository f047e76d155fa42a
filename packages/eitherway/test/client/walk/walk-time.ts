/** The time of a walk: goes from timer to timer, and between two of them all that can happen without time has happened. */
import type { Clock } from "../../../src/core/index.ts";
import { createFakeClock, type FakeClock } from "../../../src/testing/index.ts";

export interface WalkTime {
  readonly clock: FakeClock;
  /** The same clock for those whose timers set off promise jobs. Whole milliseconds, as platforms have them. */
  readonly stirring: Clock;
  /** Lets promises run and the network move, until nothing does any more. No time passes. */
  rest(): Promise<void>;
  pass(ms: number): Promise<void>;
  /** Until `isDone`, looking every few seconds, but so long at most. */
  passUntil(ms: number, isDone: () => boolean): Promise<void>;
}

export interface WalkTimeOptions {
  /** Moves what arrived somewhere. Whether there was anything. */
  pump(): boolean;
  /** Everything is at rest. */
  rested(): void;
}

/** Time that does not move is a loop without a pause. */
const MOST_STEPS_AT_ONCE = 2_000;
const LOOK_MS = 5_000;

export function createWalkTime({ pump, rested }: WalkTimeOptions): WalkTime {
  const clock = createFakeClock();
  /** Something ran whose promise jobs have to run before the next timer. The server's ticks alone are not worth the wait. */
  let stirred = false;

  async function rest(): Promise<void> {
    do await clock.settle();
    while (pump());
    rested();
  }

  async function pass(ms: number): Promise<void> {
    await rest();
    let steps = 0;
    for (let left = ms; left > 0; ) {
      stirred = false;
      const passed = clock.advanceToNext(left);
      left -= passed;
      steps = passed > 0 ? 0 : steps + 1;
      if (steps > MOST_STEPS_AT_ONCE) throw new Error("time stands still: something goes round without a pause (8)");
      if (pump() || stirred) await rest();
    }
  }

  return {
    clock,
    stirring: {
      ...clock,
      after: (ms, run) =>
        clock.after(Math.ceil(ms), () => {
          stirred = true;
          run();
        }),
    },
    rest,
    pass,
    async passUntil(ms, isDone) {
      for (let left = ms; left > 0 && !isDone(); left -= LOOK_MS) await pass(LOOK_MS);
    },
  };
}
