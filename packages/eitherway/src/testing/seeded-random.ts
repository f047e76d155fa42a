/** Randomness that comes again: the same seed gives the same numbers, so a failure that prints its seed can be repeated. */
import type { Random } from "../core/index.ts";

/**
 * The mulberry32 generator: a full period of 2^32 numbers, far better spread than tests need, far too guessable for secrets.
 *
 * @param seed a whole number; its low 32 bits count
 */
export function createSeededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
