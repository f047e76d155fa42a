/** What the rounds of a cell say together: median and spread of one figure, and whether two cells differ. */

/**
 * @typedef {import("./types.js").Round} Round
 *
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} spread largest minus smallest, over the median: 0.1 is 10 %
 * @property {number} rounds that were counted
 * @property {boolean} contended no round was clean, so contended ones were counted
 */

/**
 * Void rounds never count, contended ones only where no other is left.
 * @param {readonly Round[]} rounds
 * @param {(round: Round) => number | undefined} figure
 * @returns {Summary | undefined}
 */
export function summarize(rounds, figure) {
  const whole = rounds.filter((round) => round.void === undefined);
  const clean = whole.filter((round) => round.clean);
  const values = (clean.length > 0 ? clean : whole)
    .map(figure)
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  if (values.length === 0) return undefined;
  const [low = 0, high = 0] = [values[0], values.at(-1)];
  const middle = median(values);
  const spread = middle === 0 ? 0 : (high - low) / Math.abs(middle);
  return { median: middle, spread, rounds: values.length, contended: clean.length === 0 };
}

/**
 * "No verdict" where the two differ by less than either of them varies.
 * @param {Summary} summary
 * @param {Summary} ours
 */
export function isVerdict(summary, ours) {
  const difference = Math.abs(summary.median / ours.median - 1);
  return difference > Math.max(summary.spread, ours.spread);
}

/** @param {readonly number[]} sorted not empty */
function median(sorted) {
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2;
}
