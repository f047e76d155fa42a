/** Counters in memory: what `stats()` shows, and what exporters read. */
import type { Metrics } from "./ports.ts";

export interface Counters extends Metrics {
  /** Every counter that was touched, by name. A view, not a copy. */
  readonly all: Readonly<Record<string, number>>;
}

export function createCounters(): Counters {
  // Names come from our own code, with error codes in them: never from a peer, so their number is bounded.
  const all: Record<string, number> = {};
  return {
    all,
    count(name, by = 1) {
      all[name] = (all[name] ?? 0) + by;
    },
  };
}
