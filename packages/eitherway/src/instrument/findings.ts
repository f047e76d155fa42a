/** What the way between the ends does to messages, told from their delays. */
import type { Finding, Side } from "./comparison.ts";
import { median, quantile, sortedUp } from "./sample.ts";
import { formatValue } from "./wording.ts";

export interface Observed {
  readonly side: Side;
  /** Of messages from server to client, by round, in their order, in ms. */
  readonly rounds: readonly (readonly number[])[];
  /** Of publishes until their answers, likewise: what the way does to messages it does to them as well. */
  readonly answers?: readonly (readonly number[])[];
  /** How long the ends themselves stood still in each round, in ms. Absent: nobody looked. */
  readonly pausesMs?: readonly number[];
  /** Of the messages of each round's burst, from their publish to their own arrival, in ms. Absent: there were no bursts. */
  readonly bursts?: readonly (readonly number[])[];
  /** Milliseconds between two messages. */
  readonly everyMs: number;
  /** What the same way takes when nothing is held back, in ms, where that is known: else the quickest of the messages has to do. */
  readonly baseMs?: number | undefined;
  /** It brings messages in bunches by itself, as a long-poll does over a long way: then bunches say nothing about the way. */
  readonly gathers: boolean;
  readonly losses: Losses;
}

/** Counted up while rounds are played. */
export interface Losses {
  sent: number;
  lost: number;
  doubled: number;
  /** Rounds, and other measurements, that came to nothing, and what the last one of them said. */
  failed: number;
  failure?: string;
}

/** Shorter pauses are any machine's own: a collection of garbage, a busy core. TCP waits at least 200 ms before it sends again (RFC 6298). */
const STALL_MS = 100;
/** A delay that is that many times the usual one. */
const STALL_TIMES = 4;
/** What an end stood still for makes messages late at both ends. */
const PAUSE_TIMES = 2;
/** Of the rounds must have a stall: one in a whole run is an accident. */
const STALLED_SHARE = 0.05;
const LEAST_STALLED = 3;

/** What is held back for less is no buffer: a long-poll itself gathers for 10 ms. */
const HELD_MS = 50;
/** Messages that arrive together with earlier ones, though they were sent apart. */
const TOGETHER_SHARE = 0.6;
const TOGETHER_OF_GAP = 0.25;
/** Times of sending are known to a millisecond or two: what lies closer together says nothing. */
const APART_MS = 10;

/** A burst fills queues on its way, which are empty again sooner than that. */
const END_HELD_MS = 200;

export function findWhatHurts(observed: Observed): readonly Finding[] {
  const { losses, side } = observed;
  const found: Finding[] = [];
  if (observed.rounds.some((round) => round.length > 0)) {
    // What is held back in bunches stalls as well: one name is enough.
    const held = observed.gathers ? undefined : (findBuffering(observed) ?? findHeldEnds(observed));
    const hurt = held ?? findStalls(observed);
    if (hurt) found.push(hurt);
  }
  const { sent, lost, doubled, failed, failure } = losses;
  if (lost > 0)
    found.push({
      id: "late",
      side: side.id,
      says: `${side.name}: ${lost} of ${sent} messages had not come within 3 s of the last one.`,
      value: lost,
    });
  if (doubled > 0)
    found.push({
      id: "doubled",
      side: side.id,
      says: `${side.name}: ${doubled} of ${sent} messages came twice. That is a defect; please report it.`,
      value: doubled,
    });
  if (failed > 0)
    found.push({
      id: "failed",
      side: side.id,
      says: `${side.name}: ${failed} ${failed === 1 ? "measurement" : "measurements"} came to nothing: ${failure}`,
      value: failed,
    });
  return found;
}

const P50 = 0.5;
const P99 = 0.99;

/** Named by their tail, never as a share of lost packets: TCP hides which packets it sent again. */
function findStalls({ side, rounds, answers = [], pausesMs = [] }: Observed): Finding | undefined {
  const tails = [tailOf(rounds, "server to client", pausesMs), tailOf(answers, "publish and answer", pausesMs)];
  const stalled = new Set(tails.flatMap((tail) => tail?.stalled ?? []));
  if (stalled.size < Math.max(LEAST_STALLED, STALLED_SHARE * rounds.length)) return undefined;
  const [first, second] = tails;
  const worst = first && !(second && second.ratio > first.ratio) ? first : second;
  if (!worst) return undefined;
  const { p50, p99, ratio, what } = worst;
  const says = `${side.name}: messages stall in ${stalled.size} of ${rounds.length} rounds; ${what}, p99 is ${formatValue(p99, "ms")}, ${ratio.toFixed(1)} times p50 (${formatValue(p50, "ms")}). TCP sends lost packets again after 200 ms or more, and what follows waits.`;
  return { id: "stalls", side: side.id, says, value: ratio };
}

interface StalledTail {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
  /** The one by the other. */
  readonly ratio: number;
  /** Numbers of the rounds with a stall. */
  readonly stalled: readonly number[];
}

function tailOf(
  rounds: readonly (readonly number[])[],
  what: string,
  pausesMs: readonly number[],
): StalledTail | undefined {
  const sorted = sortedUp(rounds.flat());
  if (sorted.length === 0) return undefined;
  const [p50, p99] = [quantile(sorted, P50), quantile(sorted, P99)];
  const limit = Math.max(p50 + STALL_MS, p50 * STALL_TIMES);
  const isStalled = (delay: number, round: number): boolean => delay > limit + PAUSE_TIMES * (pausesMs[round] ?? 0);
  const stalled = rounds.flatMap((delays, round) => (delays.some((delay) => isStalled(delay, round)) ? [round] : []));
  return { what, p50, p99, ratio: p99 / p50, stalled };
}

/** Something lets go of messages in bunches: most arrive together with earlier ones, and the first of a bunch has waited. */
function findBuffering({ side, rounds, everyMs, baseMs }: Observed): Finding | undefined {
  const step = Math.ceil(APART_MS / everyMs);
  let together = 0;
  let pairs = 0;
  for (const round of rounds) {
    for (let next = step; next < round.length; next++) {
      pairs++;
      const apart = step * everyMs + (round[next] as number) - (round[next - step] as number);
      if (apart < TOGETHER_OF_GAP * step * everyMs) together++;
    }
  }
  const played = rounds.filter((round) => round.length > 0);
  const quickest = Math.min(...played.flat());
  const heldMs = median(played.map((round) => Math.max(...round))) - Math.min(baseMs ?? quickest, quickest);
  if (pairs === 0 || together < TOGETHER_SHARE * pairs || heldMs < HELD_MS) return undefined;
  const says = `${side.name}: something on the way holds messages back for ${formatValue(heldMs, "ms")} and lets go of them in bunches; "eitherway doctor" finds out what.`;
  return { id: "buffering", side: side.id, says, value: heldMs };
}

/** Below that no transport makes a difference that anybody feels. */
const FAR_MS = 15;

/** Of the rounds: what queues, timers and jitter make slower is left out. */
const QUICKEST = 0.1;

/**
 * How far away the other end is: the quickest publishes of the quickest rounds.
 *
 * @param rounds milliseconds from publishes to their answers
 */
export function findRoundTrip(side: Side, rounds: readonly (readonly number[])[]): readonly Finding[] {
  const quickest = sortedUp(rounds.filter((round) => round.length > 0).map((round) => Math.min(...round)));
  const value = quickest.length > 0 ? quantile(quickest, QUICKEST) : 0;
  if (value < FAR_MS) return [];
  return [
    { id: "round-trip", side: side.id, says: `${side.name}: a round trip takes ${formatValue(value, "ms")}.`, value },
  ];
}

/** What waits until a buffer is full lets single small messages through and keeps the end of many, until something else comes. */
function findHeldEnds({ side, rounds, bursts = [] }: Observed): Finding | undefined {
  const usual = median(rounds.flat());
  const last = median(bursts.filter((delays) => delays.length > 0).map((delays) => Math.max(...delays)));
  if (!(last > Math.max(usual + END_HELD_MS, usual * STALL_TIMES))) return undefined;
  const says = `${side.name}: something on the way holds the end of a burst back, for ${formatValue(last, "ms")} where single messages take ${formatValue(usual, "ms")}: it waits for more to come. "eitherway doctor" finds out what.`;
  return { id: "buffering", side: side.id, says, value: last };
}
