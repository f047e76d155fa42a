/**
 * `eitherway/instrument`: how comparisons of transports are judged, kept and worded. Pure and isomorphic: what measures (the command
 * line, a page) brings its own clock and connections.
 */
export { type ClockBounds, type ClockOffset, createClockBounds, oneWays, type Stamps } from "./clock-offset.ts";
export * from "./comparison.ts";
export { findRoundTrip, findWhatHurts, type Losses, type Observed } from "./findings.ts";
export {
  BURST_WINDOW,
  type Heard,
  playRound,
  playTrace,
  type RoundClock,
  type RoundMessage,
  type RoundPart,
  type RoundPlan,
  type RoundResult,
  type Trace,
  type Way,
} from "./round.ts";
export { median, quantile, type Summary, sortedUp, summarize, type Tail, tailOf } from "./sample.ts";
export { conclusions } from "./summary.ts";
export { createTally, type Tally } from "./tally.ts";
export { FALSE_ALARMS, judge, LEAST_DIFFERENCE, type Pairing, rankOf, type Verdict } from "./verdict.ts";
export {
  formatRatio,
  formatRatios,
  formatValue,
  ROW_TITLES,
  standing,
  verdictLabel,
  verdictSentence,
} from "./wording.ts";
