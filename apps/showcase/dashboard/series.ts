/**
 * The last ten minutes as a chart shows them: samples that were read back joined to those that come, with a break where the line must not
 * be drawn on. Samples are numbered by the server that took them, so what is missing shows without a look at ids or cursors.
 */
import type { Value } from "./figures.ts";

export interface Sample {
  /** Which start of the server: numbers begin anew with each. */
  readonly run: string;
  /** From 1, +1 each. */
  readonly n: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number;
  readonly values: readonly Value[];
}

/** Oldest first. */
export type Series = readonly Sample[];

export const PERIOD_MS = 1_000;
export const WINDOW_MS = 10 * 60_000;
export const SAMPLES = WINDOW_MS / PERIOD_MS;

/** A server that took no sample for so long stood still: its chart has a break there, and nothing is missing. */
const BREAK_MS = 3.5 * PERIOD_MS;

/**
 * The series with what is known now, which stands for itself from its first sample on. What was there before stays: the samples of an
 * earlier run of the server too, which no log has any more.
 *
 * @param known of one run, without a hole. None: nothing has been read yet
 * @returns the same series where nothing is new
 */
export function extended(series: Series, known: Series): Series {
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return series;
  const older = series.filter(({ run, n }) => run !== first.run || n < first.n);
  const all = [...older, ...known].filter(({ at }) => at > last.at - WINDOW_MS);
  return isSame(all, series) ? series : all;
}

function isSame(one: Series, other: Series): boolean {
  return one.length === other.length && one.every(({ run, n }, i) => run === other[i]?.run && n === other[i]?.n);
}

/** How many samples were taken and are not here. */
export function missingFrom(series: Series): number {
  return pairs(series).reduce((sum, [one, next]) => sum + (one.run === next.run ? next.n - one.n - 1 : 0), 0);
}

/** What a chart draws: moments in seconds since 1970, and for each figure its values; `null` breaks the line. */
export type Columns = [moments: number[], ...values: Value[][]];

/** @param figures places of the figures among the values */
export function columnsOf(series: Series, figures: readonly number[]): Columns {
  const moments: number[] = [];
  const columns: Value[][] = figures.map(() => []);
  const add = (moment: number, read: (figure: number) => Value): void => {
    moments.push(moment);
    for (const [i, figure] of figures.entries()) columns[i]?.push(read(figure));
  };
  let before: Sample | undefined;
  for (const sample of series) {
    const newest = moments.at(-1) ?? Number.NEGATIVE_INFINITY;
    const moment = Math.max(sample.at / MS_PER_SECOND, newest + SHORTEST_S); // clocks are set back, lines are not
    if (before && isBreak(before, sample)) add((newest + moment) / 2, () => null);
    add(moment, (figure) => sample.values[figure] ?? null);
    before = sample;
  }
  return [moments, ...columns];
}

const MS_PER_SECOND = 1_000;
const SHORTEST_S = 0.001;

function isBreak(one: Sample, next: Sample): boolean {
  return one.run !== next.run || next.n !== one.n + 1 || next.at - one.at > BREAK_MS;
}

export interface Summary {
  readonly now: Value;
  readonly least: Value;
  readonly most: Value;
}

/** One figure in words. */
export function summaryOf(series: Series, figure: number): Summary {
  const values = series.flatMap(({ values }) => values[figure] ?? []);
  return {
    now: series.at(-1)?.values[figure] ?? null,
    least: values.length > 0 ? Math.min(...values) : null,
    most: values.length > 0 ? Math.max(...values) : null,
  };
}

function pairs(series: Series): readonly (readonly [Sample, Sample])[] {
  return series.slice(1).map((next, i) => [series[i] as Sample, next]);
}
