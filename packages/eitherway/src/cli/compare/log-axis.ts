/** A logarithmic axis: equal ratios are equally long, which is what verdicts are about. */

export interface Axis {
  /** The place of a value, held to the ends of the axis. */
  at(value: number): number;
  /** Values with room for their labels, going up. */
  readonly ticks: readonly number[];
}

export interface AxisOptions {
  /** Smallest and largest value, above 0. */
  readonly from: number;
  readonly to: number;
  /** Places of both. */
  readonly start: number;
  readonly end: number;
}

/** Below that ratio of its ends an axis has ticks in equal steps: powers of ten are too far apart. */
const WIDE = 8;
const STEPS = [1, 2, 5];
const TEN = 10;
/** Room for a label such as `0.214 ms`. */
const LABEL_WIDTH = 56;

export function createLogAxis({ from, to, start, end }: AxisOptions): Axis {
  const length = Math.log(to / from);
  const at = (value: number) => {
    const share = length === 0 ? 1 / 2 : Math.log(value / from) / length;
    return start + Math.min(Math.max(share, 0), 1) * (end - start);
  };
  const round = to / from >= WIDE ? powers(from, to) : multiples(from, to);
  return { at, ticks: spaced(round, at) };
}

/** 1, 2 and 5 of each power of ten. */
function powers(from: number, to: number): readonly number[] {
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
    for (const step of STEPS) found.push(scaled(step, power));
  }
  return found.filter((value) => value >= from && value <= to);
}

/** About as many as have room. */
const COUNT = 5;

/** Multiples of 1, 2 or 5 of a power of ten. */
function multiples(from: number, to: number): readonly number[] {
  const rough = (to - from) / COUNT;
  if (rough <= 0) return [from];
  const power = Math.floor(Math.log10(rough));
  const step = STEPS.map((one) => scaled(one, power)).find((one) => one >= rough) ?? scaled(TEN, power);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(DIGITS)));
}

/** Takes off what binary fractions add: 0.30000000000000004. */
const DIGITS = 12;

function scaled(step: number, power: number): number {
  return Number((step * TEN ** power).toPrecision(DIGITS));
}

function spaced(values: readonly number[], at: (value: number) => number): readonly number[] {
  const kept: number[] = [];
  for (const value of values) {
    const last = kept.at(-1);
    if (last === undefined || at(value) - at(last) >= LABEL_WIDTH) kept.push(value);
  }
  return kept;
}
