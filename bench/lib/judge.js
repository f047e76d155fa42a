/** What the rounds say of a goal. */
import { SCENARIOS } from "../scenarios.js";
import { cellAt, samplesAt } from "./cells.js";
import { FIGURES } from "./figures.js";
import { OURS, OURS_ATTACHED } from "./peers.js";
import { divide, doubt, LEAST_ROUNDS, multiply, summarize } from "./summary.js";

/**
 * @typedef {import("./goals.js").Goal} Goal
 * @typedef {import("./goals.js").Place} Place
 * @typedef {import("./types.js").Results} Results
 * @typedef {import("./summary.js").Summary} Summary
 * @typedef {import("./summary.js").Samples} Samples
 * @typedef {"met" | "not met" | "no verdict" | "not shown" | "not measured"} Verdict
 *
 * @typedef {object} Judged
 * @property {Goal} goal
 * @property {Verdict} verdict on the goal; of a goal that is only a stretch: on that
 * @property {Verdict} [stretch]
 * @property {string} [because] why there is no verdict, or nothing shown or measured
 * @property {Summary} [measured]
 * @property {number} [atMost] that was judged by
 */

/**
 * Met where every round is within the goal, not met where every round is outside, and else there is no verdict. A void round of
 * ours leaves none either: a figure is worth nothing beside a lost message. Not shown where too few rounds came to what the goal is about.
 * @param {Goal} goal
 * @param {Pick<Results, "cells">} results
 * @returns {Judged}
 */
export function judge(goal, results) {
  const absent = [...goal.of, ...goal.over].map((place) => whyAbsent(place, results)).find((why) => why !== undefined);
  if (absent) return { goal, ...absent };
  const above = product(goal.of, goal, results);
  const all = goal.over.length > 0 ? divide(above, product(goal.over, goal, results)) : above;
  const telling = goal.shownBy ? shown(all, goal.shownBy, results) : all;
  const notShown = goal.shownBy && whyNotShown(telling, goal, goal.shownBy);
  const measured = summarize(notShown ? all : telling);
  if (notShown) return { goal, ...notShown, ...(measured && { measured }) };
  if (!measured) return { goal, verdict: "no verdict", because: "no round that all of these cells have" };
  const why = doubt(measured, leastRounds(goal));
  if (why !== undefined) return { goal, verdict: "no verdict", because: why, measured };
  if (goal.noiseOf) return judgeNoise(goal, goal.noiseOf, measured, results);
  const { atLeast, atMost, stretch } = goal;
  const onStretch = stretch === undefined ? {} : { stretch: verdictOf(measured, stretch) };
  const verdict = verdictOf(measured, atMost ?? stretch ?? Number.POSITIVE_INFINITY, atLeast);
  const because = verdict === "no verdict" ? { because: "the rounds lie on both sides of the goal" } : {};
  return { goal, verdict, ...onStretch, ...because, measured, ...(atMost === undefined ? {} : { atMost }) };
}

/**
 * @param {Goal} goal
 * @param {Place} place
 * @param {Summary} measured
 * @param {Pick<Results, "cells">} results
 * @returns {Judged}
 */
function judgeNoise(goal, place, measured, results) {
  const atMost = 1 + (summarize(figuresAt(place, goal, results))?.spread ?? 0);
  return { goal, verdict: measured.median < atMost ? "met" : "not met", measured, atMost };
}

/**
 * @param {Samples} telling
 * @param {Goal} goal
 * @param {import("./goals.js").Showing} showing
 * @returns {Pick<Judged, "verdict" | "because"> | undefined}
 */
function whyNotShown(telling, goal, { words }) {
  const count = telling.filter((sample) => sample !== undefined).length;
  const least = leastRounds(goal);
  return count >= least
    ? undefined
    : { verdict: "not shown", because: `${count} of at least ${least} rounds ${words}` };
}

/**
 * @param {Samples} all
 * @param {import("./goals.js").Showing} showing
 * @param {Pick<Results, "cells">} results
 * @returns {Samples}
 */
function shown(all, { place, figure, atLeast }, { cells }) {
  const reached = samplesAt(cells, place, FIGURES[figure]);
  return all.map((sample, round) => ((reached[round]?.value ?? 0) >= atLeast ? sample : undefined));
}

/**
 * @param {{ low: number, high: number }} measured
 * @param {number} atMost
 * @param {number} [atLeast]
 * @returns {Verdict}
 */
function verdictOf({ low, high }, atMost, atLeast = Number.NEGATIVE_INFINITY) {
  if (low >= atLeast && high <= atMost) return "met";
  return low > atMost || high < atLeast ? "not met" : "no verdict";
}

/**
 * @param {readonly Place[]} places at least one
 * @param {Goal} goal
 * @param {Pick<Results, "cells">} results
 */
function product(places, goal, results) {
  return places.map((place) => figuresAt(place, goal, results)).reduce(multiply);
}

/**
 * @param {Place} place
 * @param {Goal} goal
 * @param {Pick<Results, "cells">} results
 */
function figuresAt(place, { figure }, results) {
  return samplesAt(results.cells, place, FIGURES[figure]);
}

/**
 * @param {Place} place
 * @param {Pick<Results, "cells">} results
 * @returns {{ verdict: Verdict, because: string } | undefined}
 */
function whyAbsent(place, results) {
  const { peer } = place;
  const cell = cellAt(results.cells, place);
  if (cell?.skipped !== undefined) return { verdict: "not measured", because: `${peer}: ${cell.skipped}` };
  if (!cell || cell.rounds.length === 0) return { verdict: "not measured", because: `${peer}: not in this run` };
  const isOurs = peer === OURS || peer === OURS_ATTACHED;
  const broken = isOurs && cell.rounds.find((round) => round.void !== undefined);
  if (broken) return { verdict: "no verdict", because: `a round is void: ${broken.void}` };
  return undefined;
}

/** Some scenarios say enough with fewer. @param {Goal} goal */
function leastRounds(goal) {
  const all = goal.of.map(({ scenario }) => SCENARIOS.find(({ name }) => name === scenario)?.rounds ?? LEAST_ROUNDS);
  return goal.leastRounds ?? Math.min(LEAST_ROUNDS, ...all);
}
