/** What many measurements of one thing come to. */

/**
 * The value that a share of all is at or below, between neighbours in proportion (Hyndman and Fan's definition 7, which spreadsheets
 * and R use). `sorted` goes up and is not empty.
 */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export function sortedUp(values: readonly number[]): number[] {
  return [...values].sort((one, other) => one - other);
}

/** `NaN` of nothing. */
export function median(values: readonly number[]): number {
  return quantile(sortedUp(values), MIDDLE);
}

/** The middle of the rounds, and how far their middle half reaches. */
export interface Summary {
  readonly rounds: number;
  readonly median: number;
  /** A quarter of the rounds is below, a quarter above. */
  readonly low: number;
  readonly high: number;
}

/** `undefined` of nothing. */
export function summarize(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const sorted = sortedUp(values);
  const [low, middle, high] = [QUARTER, MIDDLE, 1 - QUARTER].map((share) => quantile(sorted, share)) as Three;
  return { rounds: values.length, median: middle, low, high };
}

/** The shape of a delay over all its messages. */
export interface Tail {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** `undefined` of nothing. */
export function tailOf(values: readonly number[]): Tail | undefined {
  if (values.length === 0) return undefined;
  const sorted = sortedUp(values);
  const [p50, p95, p99] = TAIL_SHARES.map((share) => quantile(sorted, share)) as Three;
  return { count: values.length, p50, p95, p99, max: quantile(sorted, 1) };
}

type Three = [number, number, number];

const QUARTER = 0.25;
const MIDDLE = 0.5;
const TAIL_SHARES = [MIDDLE, 0.95, 0.99];
