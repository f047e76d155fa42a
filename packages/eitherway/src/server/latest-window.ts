/** The window of a `latest` event. */
import { EitherwayError } from "../protocol/index.ts";
import { type Amount, readPositiveAmount } from "./amounts.ts";

/** A publish waits as long for its answer, and no client waits long. */
const LONGEST_WINDOW_MS = 60_000;

/**
 * Milliseconds; 0 for an event without a window.
 *
 * @throws EitherwayError `bad-request` for what is no duration, or over a minute
 */
export function readWindow(every: Amount | undefined, name: string): number {
  if (every === undefined) return 0;
  const ms = readPositiveAmount(every, name, "ms");
  if (ms <= LONGEST_WINDOW_MS) return ms;
  throw new EitherwayError("bad-request", `${name} is ${ms} ms; give at most ${LONGEST_WINDOW_MS}.`);
}
