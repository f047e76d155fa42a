/** bench/RESULTS.md and its pictures, from a file of results. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "../../scripts/lib/phases.js";
import { samplesAt } from "./cells.js";
import { digits, FIGURES } from "./figures.js";
import { GOALS, transportName } from "./goals.js";
import { judge } from "./judge.js";
import { markdownTable } from "./markdown.js";
import { BENCH } from "./npm-peer.js";
import { OURS } from "./peers.js";
import { picturesOf } from "./plots.js";
import { allTables } from "./report-tables.js";
import { newestResults } from "./results.js";
import { divide, isVerdict, summarize } from "./summary.js";

/**
 * @typedef {import("./types.js").Results} Results
 * @typedef {import("./goals.js").Goal} Goal
 * @typedef {import("./judge.js").Judged} Judged
 * @typedef {import("./plots.js").Picture} Picture
 * @typedef {ReadonlyMap<string, string>} Reasons by id of a goal
 */

const REPORT = join(BENCH, "RESULTS.md");
const PICTURES = join(BENCH, "plots");
const LATEST = join(BENCH, "results", "latest.json");
const WHY_NOT = join(BENCH, "why-not.md");
const BYTES_PER_GB = 1e9;

const HEAD = `Written by \`npm run bench -- --report\` from results/latest.json. [README.md](README.md) says how it is measured, and what it
does not show.`;

const GOAL_NOTE = `Ratios are Eitherway's figure over the other one's of the same round: their median, and the smallest and the largest round.
Met: every round is within the goal. Not met: none is. No verdict: some are, or too few rounds were clean. Not shown: too few rounds
came to what the goal is about.`;

const CELL_NOTE = `Medians of the rounds that count. Spread: largest minus smallest round, over the median. Of ours: this peer's figure
over Eitherway's of the same round and transport, in brackets where there is no verdict. Load: near 100 % the load generator was the
limit of the rate, which does not change what a delivery costs.`;

/** The first one is said whenever another one is. */
const TURNS = [
  { variant: "1 a turn", title: "a message alone in its turn" },
  { variant: "10 a turn", title: "10 in a turn" },
  { variant: "100 a turn", title: "100 in a turn" },
];

/**
 * @param {string} [file] default: the newest one, else the one of the last report
 * @returns {Results}
 */
export function readResults(file) {
  const newest = file === undefined ? newestResults() : undefined;
  if (newest) return newest;
  const path = file ?? LATEST;
  if (!existsSync(path)) throw new Stop(`There are no results in ${path}; \`npm run bench\` makes some.`);
  return JSON.parse(readFileSync(path, "utf8"));
}

/** @param {Results} results @returns {string} what was written */
export function writeReport(results) {
  const pictures = picturesOf(results);
  const reasons = reasonsOf(existsSync(WHY_NOT) ? readFileSync(WHY_NOT, "utf8") : "");
  const text = reportText(results, pictures, reasons);
  mkdirSync(PICTURES, { recursive: true });
  for (const old of readdirSync(PICTURES)) rmSync(join(PICTURES, old));
  for (const { name, svg } of pictures) writeFileSync(join(PICTURES, `${name}.svg`), svg);
  writeFileSync(LATEST, `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(REPORT, text);
  return REPORT;
}

/**
 * @param {Results} results
 * @param {readonly Picture[]} pictures
 * @param {Reasons} reasons
 */
export function reportText(results, pictures, reasons) {
  const judged = GOALS.map((goal) => judge(goal, results));
  const parts = [
    "# Results",
    HEAD,
    machineText(results),
    "## In short",
    goalsInShort(judged),
    ...fanOutInShort(results),
    "## Goals",
    GOAL_NOTE,
    goalTable(judged),
    ...notMet(judged, reasons),
    ...(pictures.length > 0 ? ["## Pictures"] : []),
    ...pictures.map(({ name, words }) => `![${words}](plots/${name}.svg)`),
    "## Peers",
    peerTable(results),
    "## All cells",
    CELL_NOTE,
    ...allTables(results),
  ];
  return `${parts.join("\n\n")}\n`;
}

/**
 * The sections of why-not.md: a heading is one id of a goal, or several.
 * @param {string} text
 * @returns {Reasons}
 */
export function reasonsOf(text) {
  const [, ...sections] = `\n${text}`.split("\n## ");
  return new Map(
    sections.flatMap((section) => {
      const [heading = "", ...lines] = section.split("\n");
      return heading.split(/\s+/).flatMap((id) => {
        if (!GOALS.some((goal) => goal.id === id)) throw new Stop(`bench/why-not.md: there is no goal ${id}.`);
        return [/** @type {const} */ ([id, lines.join("\n").trim()])];
      });
    }),
  );
}

/** @param {Results} results */
function machineText({ machine, startedAt }) {
  const { cpu, cores, memory, os, kernel, node, pinned } = machine;
  const place = pinned ? "server on CPU 0, load generator on CPU 1" : "server and load generator share CPUs";
  return `${startedAt.slice(0, 10)}; ${cpu}, ${cores} CPUs, ${digits(memory / BYTES_PER_GB)} GB; ${os} ${kernel}; Node ${node}; ${place}.`;
}

/** @param {readonly Judged[]} judged */
function goalsInShort(judged) {
  const counted = judged.filter(({ goal }) => !isOnlyStretch(goal));
  const count = (/** @type {Judged["verdict"]} */ verdict) => counted.filter((one) => one.verdict === verdict).length;
  return `Of ${counted.length} goals ${count("met")} are met, ${count("not met")} not met, ${count("no verdict")} without a verdict, ${count("not shown")} not shown, ${count("not measured")} not measured.`;
}

/**
 * Server CPU of a delivery over that of each peer. An idle application sees the lone message, a busy one something between it and
 * the bursts; so nothing is said of bursts where nothing can be said of the lone message.
 * @param {Results} results
 */
function fanOutInShort({ peers, cells }) {
  const dialects = /** @type {const} */ (["websocket", "sse"]);
  const rows = dialects.flatMap((dialect) =>
    Object.entries(peers).flatMap(([peer, { title }]) => {
      const ratios = TURNS.map(({ variant }) => ratio(peer, dialect, variant));
      return peer === OURS || ratios[0] === "" ? [] : [[title, transportName(dialect), ...ratios]];
    }),
  );
  if (rows.length === 0) return [];
  return [
    "Server CPU of a delivery to 1,000 subscribers, as a multiple of each peer's; in brackets where there is no verdict:",
    markdownTable(["of", "transport", ...TURNS.map(({ title }) => title)], rows, 2),
  ];

  /**
   * @param {string} peer
   * @param {string} dialect
   * @param {string} variant
   */
  function ratio(peer, dialect, variant) {
    const at = (/** @type {string} */ name) =>
      samplesAt(cells, { scenario: "fan-out", variant, peer: name, dialect }, FIGURES.cpu);
    const summary = summarize(divide(at(OURS), at(peer)));
    if (!summary) return "";
    const times = `${digits(summary.median)}x`;
    return isVerdict(summary) ? times : `(${times})`;
  }
}

/** @param {readonly Judged[]} judged */
function goalTable(judged) {
  const rows = judged.map(({ goal, verdict, stretch, because, measured, atMost }) => {
    const { unit, atLeast } = goal;
    const withUnit = (/** @type {string} */ value) => value + (unit === "x" ? unit : ` ${unit}`);
    const limit = (/** @type {number} */ value) => withUnit(value.toLocaleString("en-US"));
    const most = atMost ?? goal.atMost;
    const stretchWords = goal.stretch === undefined ? "" : limit(goal.stretch) + (stretch ? ` (${stretch})` : "");
    return [
      goal.title,
      wordsOf(goal, verdict) + (because === undefined ? "" : `: ${because}`),
      measured ? withUnit(digits(measured.median)) : "",
      measured ? `${digits(measured.low)} to ${digits(measured.high)}` : "",
      measured ? String(measured.rounds) : "",
      (atLeast === undefined ? "" : `${limit(atLeast)} to `) + (most === undefined ? "" : limit(most)),
      stretchWords,
    ];
  });
  return markdownTable(["goal", "verdict", "measured", "rounds from, to", "rounds", "at most", "stretch"], rows, 2);
}

/**
 * @param {Goal} goal
 * @param {Judged["verdict"]} verdict
 */
function wordsOf(goal, verdict) {
  if (isOnlyStretch(goal) && verdict.endsWith("met")) return `stretch ${verdict}`;
  return verdict === "not met" ? `**${verdict}**` : verdict;
}

/** @param {Goal} goal */
function isOnlyStretch({ atMost, noiseOf }) {
  return atMost === undefined && noiseOf === undefined;
}

/**
 * @param {readonly Judged[]} judged
 * @param {Reasons} reasons
 */
function notMet(judged, reasons) {
  const missed = judged.filter(({ goal, verdict }) => verdict === "not met" && !isOnlyStretch(goal));
  if (missed.length === 0) return [];
  /** @type {Map<string, string[]>} one reason may be that of several goals */
  const titles = new Map();
  for (const { goal } of missed) {
    const reason = reasons.get(goal.id) || "Not explained yet in why-not.md.";
    titles.set(reason, [...(titles.get(reason) ?? []), `**${goal.title}** (\`${goal.id}\`)`]);
  }
  return ["### Why not", ...[...titles].map(([reason, goals]) => `${goals.join(", ")}\n\n${reason}`)];
}

/** @param {Results} results */
function peerTable({ peers, cells }) {
  const rows = Object.entries(peers).map(([name, { title, version, note }]) => {
    const skipped = cells.find((cell) => cell.peer === name && cell.skipped !== undefined)?.skipped;
    return [title, `\`${name}\``, skipped === undefined ? version : `not run: ${skipped}`, note];
  });
  return markdownTable(["peer", "`--peers`", "version", "what it is"], rows, 4);
}
