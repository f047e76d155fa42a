/**
 * Whether two things differ, from rounds in which each was measured once, one right after the other.
 *
 * What makes machines and networks noisy (other programs, clock rates, queues) changes more slowly than a round, so the ratio within a
 * round says more than two averages. Its logarithms are judged by order alone: the interval between two order statistics holds
 * their median with a known probability whatever their distribution (the sign test turned round; Conover, Practical Nonparametric
 * Statistics, section 3.2), so a heavy tail neither makes a difference nor hides one.
 */
import { median, sortedUp } from "./sample.ts";

export type Verdict = Judged | Unjudged;

export interface Judged {
  /**
   * `less`, `more`: the second is, by at least `LEAST_DIFFERENCE`, and chance is no good explanation.
   * `none`: no difference was shown; if there is one, it lies between `low` and `high`.
   */
  readonly outcome: "less" | "more" | "none";
  /** The second by the first, the middle of all rounds: 1.3 is 30 % more. */
  readonly ratio: number;
  /** The interval that holds the true ratio, wrong in `FALSE_ALARMS` of all comparisons. */
  readonly low: number;
  readonly high: number;
  /** Rounds in which both were measured. */
  readonly rounds: number;
}

/** Too few rounds to say anything. */
export interface Unjudged {
  readonly outcome: "unjudged";
  readonly rounds: number;
}

/** A difference below that is none that anybody should choose by. */
export const LEAST_DIFFERENCE = 0.05;

/** How many whole comparisons of equals may find a difference in any of their figures. */
export const FALSE_ALARMS = 0.01;

export interface Pairing {
  readonly first: readonly number[];
  /** In the order of `first`: what one place of both has was measured in one round. What is not above 0 was not measured. */
  readonly second: readonly number[];
  /** How many verdicts there are beside this one: each of them may go wrong (Bonferroni). */
  readonly verdicts: number;
}

export function judge({ first, second, verdicts }: Pairing): Verdict {
  const logs = sortedUp(logRatios(first, second));
  const rounds = logs.length;
  const rank = rankOf(rounds, FALSE_ALARMS / verdicts);
  if (rank === 0) return { outcome: "unjudged", rounds };
  const ratio = Math.exp(median(logs));
  const low = Math.exp(logs[rank - 1] as number);
  const high = Math.exp(logs[rounds - rank] as number);
  return { outcome: outcomeOf(ratio, low, high), ratio, low, high, rounds };
}

function outcomeOf(ratio: number, low: number, high: number): Judged["outcome"] {
  if (low > 1 && ratio >= 1 + LEAST_DIFFERENCE) return "more";
  if (high < 1 && ratio <= 1 / (1 + LEAST_DIFFERENCE)) return "less";
  return "none";
}

function logRatios(first: readonly number[], second: readonly number[]): number[] {
  const ratios = first.map((value, round) => Math.log((second[round] ?? Number.NaN) / value));
  return ratios.filter((ratio) => Number.isFinite(ratio));
}

/**
 * The largest rank `k` for which the `k`-th smallest and the `k`-th largest of `count` values hold their median between them but for
 * `alarms` of all cases; 0 if even the smallest and the largest do not.
 */
export function rankOf(count: number, alarms: number): number {
  let probability = 2 ** -count; // that exactly `rank` of `count` fair coins are heads
  let below = probability;
  let rank = 0;
  while (rank < count / 2 && below <= alarms / 2) {
    rank++;
    probability *= (count - rank + 1) / rank;
    below += probability;
  }
  return rank;
}
