/** Time that goes from timer to timer: between two of them all that can happen without time has happened. */
import type { Clock } from "../core/index.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

export interface SteppedTime {
  readonly clock: FakeClock;
  /** The same clock for those whose timers set off promise jobs. Whole milliseconds, as platforms have them. */
  readonly stirring: Clock;
  /** Lets promises run and the network move, until nothing does any more. No time passes, and no timer runs. */
  rest(): Promise<void>;
  /** The same, and runs the timers that are due now, and those that they set for now. */
  settle(): Promise<void>;
  /** To the next timer, but at most `ms`. How many passed. Between two steps everything is at rest. */
  step(ms: number): Promise<number>;
  pass(ms: number): Promise<void>;
  /** Until `isDone`, looking every few seconds, but so long at most. */
  passUntil(ms: number, isDone: () => boolean): Promise<void>;
}

export interface SteppedTimeOptions {
  /** Moves what arrived somewhere. Whether there was anything. */
  pump(): boolean;
  /** Everything is at rest. */
  rested?(): void;
  /** Steps at one moment, above which something goes round without a pause. Default: 2,000. */
  readonly mostSteps?: number;
  /** What to throw then. */
  restless?(steps: number): Error;
}

const MOST_STEPS_AT_ONCE = 2_000;
const LOOK_MS = 5_000;

export function createSteppedTime(options: SteppedTimeOptions): SteppedTime {
  const { pump, rested = () => {}, mostSteps = MOST_STEPS_AT_ONCE, restless = goesRound } = options;
  const clock = createFakeClock();
  /** Something ran whose promise jobs have to run before the next timer. The server's ticks alone are not worth the wait. */
  let stirred = false;
  /** Since time moved. */
  let steps = 0;

  async function rest(): Promise<void> {
    do await clock.settle();
    while (pump());
    rested();
  }

  /** Runs what is due next. How many milliseconds passed. */
  function advance(ms: number): number {
    stirred = false;
    const passed = clock.advanceToNext(ms);
    steps = passed > 0 ? 0 : steps + 1;
    if (steps > mostSteps) throw restless(mostSteps);
    return passed;
  }

  const hasMoved = (): boolean => pump() || stirred;

  async function settle(): Promise<void> {
    steps = 0;
    do {
      await rest();
      advance(0);
    } while (hasMoved());
  }

  async function step(ms: number): Promise<number> {
    const passed = advance(ms);
    if (hasMoved()) await rest();
    return passed;
  }

  async function pass(ms: number): Promise<void> {
    await rest();
    steps = 0;
    for (let left = ms; left > 0; ) {
      left -= advance(left);
      if (hasMoved()) await rest(); // not awaited where nothing moved: most steps are ticks of the server
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
    settle,
    step,
    pass,
    async passUntil(ms, isDone) {
      for (let left = ms; left > 0 && !isDone(); left -= LOOK_MS) await pass(LOOK_MS);
    },
  };
}

function goesRound(): Error {
  return new Error("time stands still: something goes round without a pause (8)");
}
