/** Pushed messages as an async iterator with a bound: above it the source is paused, below half of it resumed. */
import type { Cursor } from "../protocol/index.ts";

export interface IterationSource {
  /** Stop pushing soon; what is on its way may still be pushed. */
  pause(): void;
  resume(): void;
  /** Nobody takes any more. Once. */
  leave(): void;
}

export interface Iteration<T> extends AsyncIterator<T, undefined, undefined> {
  /** `place` is the cursor before this value. */
  push(value: T, place: Cursor): void;
  /** Where the loop stands while it is behind: before the value in its hands, which it is done with when it asks for the next. */
  readonly place: Cursor | undefined;
  /** No more values: what waits is taken first, then the loop ends, with `error` where there is one. */
  finish(error?: Error): void;
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** Messages that wait for a loop. Enough for a burst, little enough to hold. */
const MOST_WAITING = 1_000;

const DONE = { done: true, value: undefined } as const;

export function createIteration<T>(source: IterationSource): Iteration<T> {
  const waiting: { readonly value: T; readonly place: Cursor }[] = [];
  const takers: { resolve(result: IteratorResult<T, undefined>): void; reject(error: Error): void }[] = [];
  /** The place before the value that the loop works on. */
  let inHand: Cursor | undefined;
  let paused = false;
  let finished = false;
  let failure: Error | undefined;

  function finish(error?: Error): void {
    if (finished) return;
    finished = true;
    failure = error;
    source.leave();
    for (const taker of takers.splice(0)) {
      if (failure) taker.reject(failure);
      else taker.resolve(DONE);
      failure = undefined; // told once; afterwards the loop is simply over
    }
  }

  return {
    push(value, place) {
      if (finished) return;
      const taker = takers.shift();
      if (taker) {
        inHand = place;
        taker.resolve({ done: false, value });
        return;
      }
      waiting.push({ value, place });
      if (waiting.length < MOST_WAITING || paused) return;
      paused = true;
      source.pause();
    },
    get place() {
      return inHand ?? waiting[0]?.place;
    },
    finish,
    async next() {
      inHand = undefined;
      const next = waiting.shift();
      if (next) {
        inHand = next.place;
        if (paused && waiting.length <= MOST_WAITING / 2) {
          paused = false;
          source.resume();
        }
        return { done: false, value: next.value };
      }
      if (finished) {
        const error = failure;
        failure = undefined;
        if (error) throw error;
        return DONE;
      }
      return new Promise((resolve, reject) => takers.push({ resolve, reject }));
    },
    async return() {
      inHand = undefined;
      finish();
      waiting.length = 0;
      return DONE;
    },
  };
}
