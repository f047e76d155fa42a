/** Whether messages that a line brought had been held back on the way, for how long, and by what rule. */
import type { Line } from "./lines.ts";
import type { Publish } from "./visit.ts";

export interface Held {
  /** Messages that were stored. */
  readonly count: number;
  readonly late: number;
  /** Had not come when the visit ended. */
  readonly missing: number;
  readonly longestMs: number;
  /** How many times messages came, those that came together counted once. */
  readonly bunches: number;
  /** What the bunches have in common; absent: it cannot be told. */
  readonly rule?: Rule | undefined;
}

/** Lets go every so many milliseconds, or once about so many bytes are there. */
export type Rule = { readonly everyMs: number } | { readonly bytes: number };

/** Below that, a network or a busy machine is late as well. */
const HELD_MS = 250;

/** Held is what comes later than the answer to its publish, which passed the same hops. What a line that ended missed was not held. */
export function heldBack({ arrivals, headers, endedAt }: Line, publishes: readonly Publish[], until: number): Held {
  if (!headers) return { count: 0, late: 0, missing: 0, longestMs: 0, bunches: 0 };
  const came = new Map<number, number>();
  for (const { at, data } of arrivals) {
    for (const [, number] of data.matchAll(/"number":(\d+)/g)) came.set(Number(number), at);
  }
  const end = endedAt ?? until;
  const stored = publishes.filter(({ answeredAt = end }) => answeredAt < end);
  const delays = stored.map(({ number, answeredAt = end }) => ({
    isHere: came.has(number),
    ms: (came.get(number) ?? end) - answeredAt,
  }));
  const whole = stored.map(({ number, sentAt }) => (came.get(number) ?? end) - sentAt);
  const bunches = bunchesOf(arrivals.filter(({ data }) => data.includes('"number":')));
  return {
    count: delays.length,
    late: delays.filter(({ ms }) => ms > HELD_MS).length,
    missing: delays.filter(({ isHere, ms }) => !isHere && ms > HELD_MS).length,
    longestMs: Math.max(0, ...whole) - quickestMs(stored, whole),
    bunches: bunches.length,
    rule: ruleOf(bunches, publishes[0]?.sentAt ?? until),
  };
}

/** What the way itself takes. Answers may be held back as well, so the quickest of all has to tell. */
function quickestMs(stored: readonly Publish[], whole: readonly number[]): number {
  const answers = stored.map(({ sentAt, answeredAt = sentAt }) => answeredAt - sentAt);
  return Math.min(...answers, ...whole, Number.MAX_VALUE);
}

interface Bunch {
  readonly at: number;
  readonly bytes: number;
}

/** Messages that arrive within that time arrive together. */
const TOGETHER_MS = 20;

function bunchesOf(arrivals: Line["arrivals"]): readonly Bunch[] {
  const bunches: { at: number; last: number; bytes: number }[] = [];
  for (const { at, data } of arrivals) {
    const bunch = bunches.at(-1);
    if (bunch && at - bunch.last <= TOGETHER_MS) {
      bunch.bytes += data.length;
      bunch.last = at;
    } else {
      bunches.push({ at, last: at, bytes: data.length });
    }
  }
  return bunches;
}

const FEW = 3;

/**
 * The second half of the messages is much larger than the first (visit.ts), so a hop that waits for a time hands over bunches of very
 * different size, and one that waits for bytes does it ever faster.
 */
function ruleOf(bunches: readonly Bunch[], since: number): Rule | undefined {
  if (bunches.length < FEW) return undefined;
  const [first = Number.NaN, ...gaps] = bunches.map(({ at }, place) => at - (bunches[place - 1]?.at ?? since));
  const whole = bunches.slice(0, -1); // the last may be what the end of the publishes left
  const sizes = whole.map(({ bytes }) => bytes);
  const isByTime = spread([first, ...gaps].slice(0, whole.length)) <= spread(sizes);
  return isByTime ? { everyMs: mean(gaps) } : { bytes: mean(sizes) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** From the least to the most, as a share of the mean. */
function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / mean(values);
}
