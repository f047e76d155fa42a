/**
 * The time of a harness: what needs no time happens by itself, as in production; time passes only when a test says so. One thing at a
 * time moves it, so that a test that is run again sees the same.
 */
import { createSteppedTime } from "../stepped-time.ts";
import type { HarnessClock } from "./harness-api.ts";

export interface HarnessTime {
  readonly clock: HarnessClock;
  /** Until nothing more can happen without time. */
  settled(): Promise<void>;
  pass(ms: number): Promise<void>;
  /** Until `isDone`, but so long at most. Whether it came to that. */
  passUntil(isDone: () => boolean, ms: number): Promise<boolean>;
}

export interface HarnessTimeOptions {
  /** Moves what arrived somewhere. Whether there was anything. */
  pump(): boolean;
  /** What to throw where so many steps at one moment were no end. */
  restless(steps: number): Error;
}

/** Thousands of publishes that wait for each other are some steps each, and no defect. */
const MOST_STEPS_AT_ONCE = 20_000;

export function createHarnessTime({ pump, restless }: HarnessTimeOptions): HarnessTime {
  const time = createSteppedTime({ pump, restless, mostSteps: MOST_STEPS_AT_ONCE });
  /** The last of those that move time, one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function inTurn<T>(move: () => Promise<T>): Promise<T> {
    waiting++;
    const mine = last.then(async () => {
      try {
        return await move();
      } finally {
        waiting--;
      }
    });
    last = mine.catch(() => {});
    return mine;
  }

  /** Something began. Where nobody moves time, it moves as far as it gets without. */
  function stir(): void {
    if (waiting > 0) return;
    inTurn(time.settle).catch((error: unknown) => {
      if (waiting === 0) throw error; // else whoever waits meets the same
    });
  }

  async function pass(ms: number): Promise<void> {
    await time.pass(ms);
    await time.settle();
  }

  async function passUntil(isDone: () => boolean, ms: number): Promise<boolean> {
    await time.settle();
    let done = isDone();
    for (let left = ms; left > 0 && !done; done = isDone()) left -= await time.step(left);
    await time.settle(); // which may end what held for a moment
    return done || isDone();
  }

  const { clock, stirring } = time;
  return {
    clock: {
      wall: clock.wall,
      now: clock.now,
      after(ms, run) {
        stir();
        return stirring.after(ms, run);
      },
      defer(run) {
        stir();
        stirring.defer(run);
      },
      get pending() {
        return clock.pending;
      },
    },
    settled: () => inTurn(time.settle),
    pass: (ms) => inTurn(() => pass(ms)),
    passUntil: (isDone, ms) => inTurn(() => passUntil(isDone, ms)),
  };
}
