/** The pictures of the report: few, and none that shows bursts without the lone message beside them. */
import { samplesAt } from "./cells.js";
import { FIGURES } from "./figures.js";
import { OURS } from "./peers.js";
import { barChart, barWords, lineChart, lineWords } from "./plot.js";
import { divide, samplesOf, summarize } from "./summary.js";

/**
 * @typedef {import("./types.js").Results} Results
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./figures.js").FigureName} FigureName
 *
 * @typedef {object} Picture
 * @property {string} name of the file, without its ending
 * @property {string} words what it says
 * @property {string} svg
 *
 * @typedef {object} PanelChoice
 * @property {string} title
 * @property {string} scenario
 * @property {string} variant
 * @property {string} dialect
 * @property {FigureName} figure
 * @property {string} unit
 *
 * @typedef {object} BarChoice
 * @property {string} name
 * @property {string} title
 * @property {boolean} [whole] only with all of its panels
 * @property {readonly PanelChoice[]} panels
 */

const LIMITS = ["bare", "c", "c-message"]; // no servers for use
const GROWTH_REFERENCE = "c";
/** The middle one is measured with the fan-outs. */
const GROWTH = [
  { step: "100", scenario: "growth", variant: "100 subscribers" },
  { step: "1,000", scenario: "fan-out", variant: "1 a turn" },
  { step: "10,000 subscribers", scenario: "growth", variant: "10,000 subscribers" },
];

/** @type {readonly BarChoice[]} */
const BAR_CHARTS = [
  fanOut("websocket", "Server CPU of a delivery, WebSocket, 1,000 subscribers"),
  fanOut("sse", "Server CPU of a delivery, SSE, 1,000 subscribers"),
  {
    name: "relay",
    title: "Server CPU of a relayed message, 500 rooms of two",
    panels: ["1 in flight", "4 in flight"].map((variant) => ({
      title: `${variant} of each client`,
      scenario: "relay",
      variant,
      dialect: "websocket",
      figure: "cpu",
      unit: "µs",
    })),
  },
  {
    name: "idle",
    title: "Memory of an idle link, 15,000 links",
    panels: bothTransports({ scenario: "idle", variant: "15,000 links", figure: "memory", unit: "bytes" }),
  },
  {
    name: "storm",
    title: "Server CPU of a link that opens, subscribes and closes",
    panels: bothTransports({ scenario: "storm", variant: "50 at once", figure: "cpu", unit: "µs" }),
  },
  {
    name: "latency",
    title: "From due to received, WebSocket, 100 messages/s to 1,000",
    panels: /** @type {const} */ ([
      ["p50", "half of the messages"],
      ["p99", "99 of 100"],
      ["p999", "999 of 1,000"],
    ]).map(([figure, title]) => ({
      title,
      scenario: "steady",
      variant: "100 a second",
      dialect: "websocket",
      figure,
      unit: "ms",
    })),
  },
];

/** @param {Results} results @returns {Picture[]} those for which there are figures */
export function picturesOf(results) {
  const bars = BAR_CHARTS.flatMap(({ name, title, whole, panels: choices }) => {
    const panels = choices.map((choice) => panelOf(choice, results)).filter(({ bars: { length } }) => length > 0);
    if (panels.length === 0 || (whole && panels.length < choices.length)) return [];
    return [{ name, words: barWords(title, panels), svg: barChart(title, panels) }];
  });
  return [...bars, ...growth(results)];
}

/**
 * @param {"websocket" | "sse"} dialect
 * @param {string} title
 * @returns {BarChoice}
 */
function fanOut(dialect, title) {
  const panels = [
    { variant: "1 a turn", title: "A message that is alone in its turn" },
    { variant: "10 a turn", title: "10 in a turn" },
    { variant: "100 a turn", title: "100 in a turn" },
  ];
  return {
    name: `fan-out-${dialect}`,
    title,
    whole: true,
    panels: panels.map((panel) => ({ ...panel, scenario: "fan-out", dialect, figure: "cpu", unit: "µs" })),
  };
}

/** @param {Omit<PanelChoice, "title" | "dialect">} choice @returns {PanelChoice[]} */
function bothTransports(choice) {
  return [
    { ...choice, title: "WebSocket", dialect: "websocket" },
    { ...choice, title: "SSE", dialect: "sse" },
  ];
}

/**
 * @param {PanelChoice} choice
 * @param {Results} results
 * @returns {import("./plot.js").Panel}
 */
function panelOf({ title, unit, figure, scenario, variant, dialect }, results) {
  const cells = results.cells.filter(
    (cell) => cell.scenario === scenario && cell.variant === variant && cell.dialect === dialect,
  );
  const bars = cells.flatMap(({ peer, rounds }) => {
    const value = summarize(samplesOf(rounds, FIGURES[figure]));
    return value ? [{ label: titleOf(peer, results), role: roleOf(peer), value }] : [];
  });
  return { title, unit, bars };
}

/** @param {Results} results @returns {Picture[]} */
function growth(results) {
  const peers = [...new Set(results.cells.filter(({ scenario }) => scenario === "growth").map(({ peer }) => peer))];
  const lines = peers
    .filter((peer) => peer !== GROWTH_REFERENCE)
    .map((peer) => ({
      label: titleOf(peer, results),
      role: roleOf(peer),
      values: GROWTH.map((place) => summarize(divide(lone(place, peer), lone(place, GROWTH_REFERENCE)))),
    }))
    .filter(({ values }) => values.some((value) => value !== undefined));
  if (lines.length === 0) return [];
  const title = "CPU of a lone message over that of the C server, by subscribers";
  const steps = GROWTH.map(({ step }) => step);
  return [{ name: "growth", words: lineWords(title, steps, lines), svg: lineChart(title, steps, lines) }];

  /**
   * @param {{ scenario: string, variant: string }} place
   * @param {string} peer
   */
  function lone({ scenario, variant }, peer) {
    return samplesAt(results.cells, { scenario, variant, peer, dialect: "websocket" }, FIGURES.cpu);
  }
}

/**
 * @param {string} peer
 * @param {Results} results
 */
function titleOf(peer, results) {
  return results.peers[peer]?.title ?? peer;
}

/** @param {string} peer @returns {import("./plot.js").Role} */
function roleOf(peer) {
  if (peer === OURS) return "ours";
  return LIMITS.includes(peer) ? "limit" : "peer";
}
