/** Waiting that leaves no timer behind. */
import type { Line } from "./lines.ts";

/** Ends at once when the signal does. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, Math.max(0, ms));
    function end(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    }
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end);
  });
}

/** Also ends when all the lines have. */
export async function listenTo(lines: readonly Line[], ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  void Promise.all(lines.map(({ ended }) => ended)).then(() => over.abort());
  await pause(ms, AbortSignal.any([signal, over.signal]));
}
