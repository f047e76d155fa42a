/**
 * Things in the order in which they were last touched: what is oldest is found, and anything moved or taken out, in constant
 * time. (A `Map` in insertion order walks over everything deleted before its first entry.)
 */

/** Something with an age. The order owns these fields; everything else may read them. */
export interface Aged {
  /** `clock.now()` of the last touch. */
  touchedAt: number;
  older: this | undefined;
  newer: this | undefined;
}

export interface AgeOrder<T extends Aged> {
  readonly oldest: T | undefined;
  /** Makes `item` the newest; one that is new to the order comes in. `now` never goes back. */
  touch(item: T, now: number): void;
  /** Takes `item` out, which must be in. */
  remove(item: T): void;
}

export function createAgeOrder<T extends Aged>(): AgeOrder<T> {
  let oldest: T | undefined;
  let newest: T | undefined;

  function remove(item: T): void {
    if (item.older) item.older.newer = item.newer;
    else oldest = item.newer;
    if (item.newer) item.newer.older = item.older;
    else newest = item.older;
    item.older = undefined;
    item.newer = undefined;
  }

  function touch(item: T, now: number): void {
    item.touchedAt = now;
    if (item === newest) return;
    if (item.newer) remove(item); // only the newest and newcomers have no newer one
    item.older = newest;
    if (newest) newest.newer = item;
    else oldest = item;
    newest = item;
  }

  return {
    get oldest() {
      return oldest;
    },
    touch,
    remove,
  };
}
