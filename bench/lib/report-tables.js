/** The report's tables of all cells: one a scenario and variant, with the columns for which there is something to say. */
import { SCENARIOS } from "../scenarios.js";
import { digits, FIGURES, figureOf, percent } from "./figures.js";
import { transportName } from "./goals.js";
import { markdownTable } from "./markdown.js";
import { samplesOf, summarize } from "./summary.js";
import { ratioToOurs, whyVoid } from "./table.js";

/**
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./types.js").Results} Results
 * @typedef {import("../scenarios.js").Scenario} Scenario
 * @typedef {import("./figures.js").Figure} Figure
 * @typedef {{ title: string, of: (cell: Cell) => string }} Column an empty text: nothing to say
 */

/** @param {Results} results */
export function allTables(results) {
  return SCENARIOS.flatMap((scenario) => {
    const tables = scenario.variants.flatMap(({ name }) => {
      const cells = results.cells.filter(
        ({ scenario: of, variant, rounds, skipped }) =>
          of === scenario.name && variant === name && (rounds.length > 0 || skipped !== undefined),
      );
      return cells.length === 0 ? [] : [`#### ${name}`, tableOf(scenario, cells, results)];
    });
    return tables.length === 0
      ? []
      : [`### ${scenario.name}`, `${scenario.title}.`, ...(scenario.note ? [scenario.note] : []), ...tables];
  });
}

/**
 * @param {Scenario} scenario
 * @param {readonly Cell[]} cells
 * @param {Results} results
 */
function tableOf(scenario, cells, results) {
  const columns = columnsOf(scenario, cells, results);
  const rows = cells.map((cell) => columns.map((column) => column.of(cell)));
  const used = columns.map((_, nth) => rows.some((row) => row[nth] !== ""));
  const keep = (/** @type {readonly string[]} */ texts) => texts.filter((_, nth) => used[nth]);
  return markdownTable(keep(columns.map(({ title }) => title)), rows.map(keep), 2);
}

/**
 * @param {Scenario} scenario
 * @param {readonly Cell[]} cells
 * @param {Results} results
 * @returns {Column[]}
 */
function columnsOf(scenario, cells, results) {
  const figure = figureOf(scenario);
  const isIdle = scenario.kind === "idle";
  return [
    { title: "peer", of: ({ peer }) => results.peers[peer]?.title ?? peer },
    { title: "transport", of: ({ dialect }) => transportName(dialect) },
    { title: figure.title, of: (cell) => medianOf(cell, figure.of) || whyNothing(cell) },
    { title: "spread", of: ({ rounds }) => spreadOf(rounds, figure.of) },
    { title: "of ours", of: (cell) => ratioToOurs(cell, cells, figure.of) },
    ...(scenario.kind === "kept"
      ? keptColumns()
      : isIdle
        ? [column("% of a CPU", FIGURES.busy), column("heap, bytes/link", FIGURES.heap)]
        : [
            column("user", FIGURES.user),
            column("system", FIGURES.system),
            column("store", FIGURES.store),
            ...(scenario.byTime ? [column("µs of CPU", FIGURES.cpu)] : []),
            column("a second", FIGURES.rate),
            column(`bytes/${scenario.unit}`, FIGURES.bytes),
          ]),
    column("p50 ms", FIGURES.p50),
    column("p99 ms", FIGURES.p99),
    column("p99.9 ms", FIGURES.p999),
    column("held for a link, bytes", FIGURES.held),
    column("loop delay p99, ms", FIGURES.loopDelay),
    column("load, % of its CPU", FIGURES.load),
    { title: "rounds", of: (cell) => roundsOf(cell, figure.of) },
  ];
}

function keptColumns() {
  return [
    column("node, bytes/message", FIGURES.nodePerMessage),
    column("node, bytes/watched channel", FIGURES.nodePerWatch),
    column("store, bytes/channel", FIGURES.storePerChannel),
    column("store, bytes/message", FIGURES.storePerMessage),
  ];
}

/**
 * @param {string} title
 * @param {Figure} figure
 * @returns {Column}
 */
function column(title, figure) {
  return { title, of: (cell) => medianOf(cell, figure) };
}

/**
 * @param {Cell} cell
 * @param {Figure} figure
 */
function medianOf({ rounds }, figure) {
  const summary = summarize(samplesOf(rounds, figure));
  return summary ? digits(summary.median) : "";
}

/**
 * @param {Cell["rounds"]} rounds
 * @param {Figure} figure
 */
function spreadOf(rounds, figure) {
  const summary = summarize(samplesOf(rounds, figure));
  return summary ? percent(summary.spread) : "";
}

/**
 * @param {Cell} cell
 * @param {Figure} figure
 */
function roundsOf({ rounds }, figure) {
  const summary = summarize(samplesOf(rounds, figure));
  if (!summary) return "";
  return `${summary.rounds}/${rounds.length}${summary.contended ? " contended" : ""}`;
}

/** @param {Cell} cell without any figure */
function whyNothing({ skipped, rounds }) {
  return skipped === undefined ? `void: ${whyVoid(rounds)}` : `not run: ${skipped}`;
}
