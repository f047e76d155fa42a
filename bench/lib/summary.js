/**
 * What rounds say together. Two cells are compared round by round, ours over theirs of the same number, since these are neighbours
 * in time: the speed of a machine drifts by more within a minute than servers differ.
 */

/**
 * @typedef {import("./types.js").Round} Round
 *
 * @typedef {object} Sample one figure of one round, or a ratio of two
 * @property {number} value
 * @property {boolean} clean nothing else used much of the server's CPU
 *
 * @typedef {readonly (Sample | undefined)[]} Samples by the number of the round; undefined: void, or without that figure
 *
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} low smallest round
 * @property {number} high largest round
 * @property {number} spread largest minus smallest round, over the median: 0.1 is 10 %
 * @property {number} rounds that were counted
 * @property {boolean} contended no round was clean, so contended ones were counted
 */

/** With fewer rounds nothing is said of a difference. */
export const LEAST_ROUNDS = 3;

/**
 * @param {readonly Round[]} rounds
 * @param {(round: Round) => number | undefined} figure
 * @returns {Samples}
 */
export function samplesOf(rounds, figure) {
  return rounds.map((round) => {
    const value = round.void === undefined ? figure(round) : undefined;
    return value === undefined ? undefined : { value, clean: round.clean };
  });
}

/**
 * Round by round; rounds that only one of the two has are left out.
 * @param {Samples} above
 * @param {Samples} below
 * @returns {Samples}
 */
export function divide(above, below) {
  return join(above, below, (top, bottom) => top / bottom);
}

/**
 * @param {Samples} some
 * @param {Samples} others
 * @returns {Samples}
 */
export function multiply(some, others) {
  return join(some, others, (one, other) => one * other);
}

/**
 * @param {Samples} left
 * @param {Samples} right
 * @param {(left: number, right: number) => number} make
 * @returns {Samples}
 */
function join(left, right, make) {
  return left.map((one, round) => {
    const other = right[round];
    return one && other && { value: make(one.value, other.value), clean: one.clean && other.clean };
  });
}

/**
 * Contended rounds only count where no other is left.
 * @param {Samples} samples
 * @returns {Summary | undefined}
 */
export function summarize(samples) {
  const whole = samples.filter((sample) => sample !== undefined);
  const clean = whole.filter((sample) => sample.clean);
  const values = (clean.length > 0 ? clean : whole).map(({ value }) => value).sort((a, b) => a - b);
  const [low, high] = [values[0], values.at(-1)];
  if (low === undefined || high === undefined) return undefined;
  const middle = median(values);
  const spread = middle === 0 ? 0 : (high - low) / Math.abs(middle);
  return { median: middle, low, high, spread, rounds: values.length, contended: clean.length === 0 };
}

/**
 * Why these rounds are no ground for a verdict, if they are none.
 * @param {Summary} summary
 * @param {number} [least] rounds
 */
export function doubt({ rounds, contended }, least = LEAST_ROUNDS) {
  if (contended) return "other programs used the server's CPU in every round";
  return rounds < least ? `${rounds} of at least ${least} clean rounds` : undefined;
}

/**
 * Whether two cells differ: in every round the same one of them is the smaller one.
 * @param {Summary} ratios
 */
export function isVerdict(ratios) {
  return doubt(ratios) === undefined && (ratios.low > 1 || ratios.high < 1);
}

/** @param {readonly number[]} sorted not empty */
function median(sorted) {
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2;
}
