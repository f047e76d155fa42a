/** How long to stay away before trying again: full jitter under a ceiling that doubles, never below what the server asked for. */
import type { Random } from "./ports.ts";

/** Half of it on average is what a healthy link takes to come back after a cut. */
const FIRST_CEILING_MS = 500;
/** A server that was away for minutes is found again within half a minute. */
const LAST_CEILING_MS = 30_000;
/** Chance may be 0: the floor grows as well, so that no luck makes a loop without pause. */
const FIRST_FLOOR_MS = 100;
const LAST_FLOOR_MS = 1_000;

/**
 * @param attempt attempts since things last went well; 0 after a success
 * @param after milliseconds the other end wants us to stay away; a floor
 */
export function backoffMs(attempt: number, random: Random, after = 0): number {
  const doubled = 2 ** Math.min(attempt, 16);
  const ceiling = Math.min(LAST_CEILING_MS, FIRST_CEILING_MS * doubled);
  const floor = Math.min(LAST_FLOOR_MS, FIRST_FLOOR_MS * doubled);
  // A spread on top of `after` too: those who were told the same number must not come back as one.
  return Math.round(Math.max(floor, random() * ceiling, after > 0 ? after + random() * FIRST_CEILING_MS : 0));
}
