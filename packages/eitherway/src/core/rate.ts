/** A token bucket as one number, the moment at which it will be full again (the generic cell rate algorithm). */

export interface Rate {
  readonly perSecond: number;
  /** What a bucket holds: so much may be spent at once by who has spent nothing for a while. */
  readonly burst: number;
}

/** By `clock.now()`. One that lies in the past, or `0`, is of a bucket that is full. */
export type FullAt = number;

export const MS_PER_SECOND = 1_000;

/** Always spends, into debt where the bucket holds less. */
export function spend(rate: Rate, fullAt: FullAt, count: number, now: number): FullAt {
  return Math.max(fullAt, now) + (count * MS_PER_SECOND) / rate.perSecond;
}

/** Milliseconds until there is one to be spent; 0: now. */
export function waitMs(rate: Rate, fullAt: FullAt, now: number): number {
  return Math.max(0, fullAt - now - ((rate.burst - 1) * MS_PER_SECOND) / rate.perSecond);
}

/** The buckets of many, by name. */
export interface Buckets {
  /** @returns milliseconds until there is one again to be spent */
  spend(name: string, count: number): number;
  waitMs(name: string): number;
  /** Buckets that are not full. */
  readonly size: number;
}

/** About 15 MB of the longest names. Beyond, those that have not been spent from for longest are full again. */
const MOST_BUCKETS = 50_000;

/** Full buckets that are forgotten for each that is spent from: more than one, so that their number falls. */
const FORGOTTEN_AT_ONCE = 2;

export function createBuckets(rate: Rate, now: () => number, most = MOST_BUCKETS): Buckets {
  /** The one that was spent from longest ago comes first. */
  const buckets = new Map<string, FullAt>();

  function forget(at: number): void {
    let left = FORGOTTEN_AT_ONCE;
    for (const [name, fullAt] of buckets) {
      if (left-- === 0 || (fullAt > at && buckets.size <= most)) return;
      buckets.delete(name);
    }
  }

  return {
    spend(name, count) {
      const at = now();
      const fullAt = spend(rate, buckets.get(name) ?? 0, count, at);
      buckets.delete(name);
      buckets.set(name, fullAt);
      forget(at);
      return waitMs(rate, fullAt, at);
    },
    waitMs: (name) => waitMs(rate, buckets.get(name) ?? 0, now()),
    get size() {
      return buckets.size;
    },
  };
}
