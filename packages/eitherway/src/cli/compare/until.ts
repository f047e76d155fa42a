/** What is measured ends when the whole has to: whoever stops it must not wait for a way that hangs. */
import type { RoundClock, Way } from "../../instrument/index.ts";

/** The way, whose parts reject once the signal is aborted; publishes, which are many, are left as they are: rounds wait for them by a clock. */
export function wayUntil(signal: AbortSignal, way: Way): Way {
  const { heard, after } = way;
  return {
    ...way,
    open: () => until(signal, way.open()),
    order: (trace) => until(signal, way.order(trace)),
    ...(heard && { heard: () => until(signal, heard()) }),
    ...(after && { after: (part) => until(signal, after(part)) }),
  };
}

/** The clock, by which nothing is waited for once the signal is aborted. */
export function clockUntil(signal: AbortSignal, clock: RoundClock): RoundClock {
  return {
    now: () => clock.now(),
    after(ms, run) {
      if (signal.aborted) return clock.after(0, run);
      const end = (): void => {
        undo();
        run();
      };
      const cancel = clock.after(ms, end);
      function undo(): void {
        cancel();
        signal.removeEventListener("abort", end);
      }
      signal.addEventListener("abort", end);
      return undo;
    },
  };
}

/** The work, or a rejection once the signal is aborted. */
export function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Error("stopped"));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}
