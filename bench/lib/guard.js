/**
 * `--guard`: has what Eitherway costs grown since it was recorded? Judged by its ratio to another server in the same rounds, which
 * machines and their moods change far less than they change either figure: to the C server or, across nodes, to Socket.IO.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "../../scripts/lib/phases.js";
import { SCENARIOS } from "../scenarios.js";
import { cellAt } from "./cells.js";
import { figureOf } from "./figures.js";
import { measure } from "./measure.js";
import { BENCH } from "./npm-peer.js";
import { OURS, PEERS } from "./peers.js";
import { divide, samplesOf, summarize } from "./summary.js";

/**
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./types.js").Results} Results
 * @typedef {import("../scenarios.js").Scenario} Scenario
 */

const FILE = join(BENCH, "guard.json");
/** @type {ReadonlyMap<string, { reference: string, mostGrowth: number }>} by scenario */
const GUARDED = new Map([
  ["fan-out", { reference: "c", mostGrowth: 1.1 }],
  ["relay", { reference: "c", mostGrowth: 1.1 }],
  ["nodes", { reference: "socket.io", mostGrowth: 1.25 }], // five processes on one CPU, whose turns are never quite the same
]);
const TRANSPORTS = ["websocket", "sse"]; // those that the reference speaks
const ROUNDS = 2;
const MEASURED_MOST = 3; // times, each with more rounds: a noisy machine is asked again before anybody is blamed

/**
 * @param {{ record: boolean, results: Results, onRound: (cell: Cell, scenario: Scenario) => void }} options
 */
export async function guard({ record, results, onRound }) {
  const recorded = readRecord();
  if (!record && !recorded)
    throw new Stop("There is no bench/guard.json; `npm run bench -- --guard --record` writes it.");
  /** @type {readonly Scenario[]} */
  let scenarios = SCENARIOS.filter(({ name }) => GUARDED.has(name)).map((scenario) => ({
    ...scenario,
    dialects: scenario.dialects.filter((dialect) => TRANSPORTS.includes(dialect)),
  }));
  /** @type {Map<string, number | undefined>} undefined: no round was quiet enough to judge */
  const ratios = new Map();
  for (let time = 1; time <= MEASURED_MOST && scenarios.length > 0; time++) {
    // Rounds add up: more of them make the medians better.
    for (const scenario of scenarios) {
      const peers = PEERS.filter(({ name }) => name === OURS || name === GUARDED.get(scenario.name)?.reference);
      await measure({ scenarios: [scenario], peers, rounds: time * ROUNDS, results, onRound, onVariant() {} });
    }
    for (const [place, ratio] of ratiosOf(results.cells)) ratios.set(place, ratio);
    scenarios = scenarios.flatMap((scenario) => {
      const variants = scenario.variants.filter(({ name }) =>
        [...ratios].some(([place, ratio]) => place.startsWith(`${scenario.name}, ${name},`) && !isGood(place, ratio)),
      );
      return variants.length > 0 ? [{ ...scenario, variants }] : [];
    });
  }
  if (record) writeRecord(ratios);
  else tell(ratios);

  /**
   * @param {string} place
   * @param {number | undefined} ratio
   */
  function isGood(place, ratio) {
    return ratio !== undefined && (record || ratio <= (recorded?.[place] ?? 0) * mostGrowthAt(place));
  }

  /** @param {ReadonlyMap<string, number | undefined>} all */
  function tell(all) {
    const bad = [];
    for (const [place, ratio] of all) {
      const before = recorded?.[place];
      const said =
        ratio === undefined ? "not judged: other programs used the server's CPU in every round" : ratio.toFixed(3);
      console.log(
        `${place.padEnd(34)} ${said} (recorded: ${before?.toFixed(3) ?? "nothing"}, at most ${mostGrowthAt(place)} times it)`,
      );
      if (!isGood(place, ratio)) bad.push(place);
    }
    if (bad.length > 0)
      throw new Stop(`CPU of Eitherway over that of its reference has grown, or cannot be judged: ${bad.join("; ")}.`);
  }
}

/** @param {string} place scenario, variant, transport */
function mostGrowthAt(place) {
  return GUARDED.get(place.split(",")[0] ?? "")?.mostGrowth ?? 1;
}

/**
 * Eitherway's figure over the reference's, round by round; only clean rounds count here.
 * @param {readonly Cell[]} cells
 */
function ratiosOf(cells) {
  return cells
    .filter(({ peer }) => peer === OURS)
    .flatMap((ours) => {
      const scenario = SCENARIOS.find(({ name }) => name === ours.scenario);
      const other = cellAt(cells, { ...ours, peer: GUARDED.get(ours.scenario)?.reference ?? "" });
      if (!scenario || !other) return []; // a transport that the reference does not speak
      const figure = figureOf(scenario).of;
      const ratios = summarize(divide(samplesOf(ours.rounds, figure), samplesOf(other.rounds, figure)));
      const ratio = ratios && !ratios.contended ? ratios.median : undefined;
      return [/** @type {const} */ ([`${ours.scenario}, ${ours.variant}, ${ours.dialect}`, ratio])];
    });
}

/** @returns {Record<string, number> | undefined} */
function readRecord() {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : undefined;
}

/** @param {ReadonlyMap<string, number | undefined>} ratios */
function writeRecord(ratios) {
  const missing = [...ratios].filter(([, ratio]) => ratio === undefined).map(([place]) => place);
  if (missing.length > 0)
    throw new Stop(
      `Nothing is recorded: other programs used the server's CPU in every round of ${missing.join("; ")}.`,
    );
  const rounded = Object.fromEntries([...ratios].map(([place, ratio]) => [place, Number(ratio?.toFixed(3))]));
  writeFileSync(FILE, `${JSON.stringify(rounded, undefined, 2)}\n`);
  console.log("bench/guard.json is written.");
}
