/** Measures scenarios: every peer once a round, in turned order each time, so that what drifts drifts for all. */

import { Stop } from "../../scripts/lib/phases.js";
import { pool } from "../../scripts/lib/pool.js";
import { cellAt } from "./cells.js";
import { minutesOf } from "./estimate.js";
import { runRound } from "./run-cell.js";

/**
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./types.js").Peer} Peer
 * @typedef {import("./types.js").Dialect} Dialect
 * @typedef {import("./types.js").Results} Results
 * @typedef {import("../scenarios.js").Scenario} Scenario
 * @typedef {import("../scenarios.js").Variant} Variant
 *
 * @typedef {object} MeasureOptions
 * @property {readonly Scenario[]} scenarios
 * @property {readonly Peer[]} peers
 * @property {number} [rounds] default: the scenario's, else 3
 * @property {boolean} [smoke] each scenario once, tiny, its last variant alone, two at a time: no figure of it says anything
 * @property {Results} results cells are added to it; those that are there with all their rounds are not measured again
 * @property {(minutes: number) => void} [onEstimate] before the first round
 * @property {(cell: Cell, scenario: Scenario) => void} onRound
 * @property {(scenario: Scenario, variant: string, cells: readonly Cell[]) => void} onVariant all its rounds are over
 *
 * @typedef {{ cell: Cell, peer: Peer, dialects: readonly Dialect[], scenario: Scenario, variant: Variant }} Run
 */

const DEFAULT_ROUNDS = 3;
const SMOKES_AT_ONCE = 2;

/** @param {MeasureOptions} options */
export async function measure(options) {
  const { scenarios, peers, results } = options;
  const missing = await whatIsMissing(peers, results);
  const groups = scenarios.flatMap((scenario) => groupsOf(scenario, peers, missing, results, options));
  if (groups.flat().length === 0) throw new Stop("None of these peers can do any of these scenarios.");
  if (options.smoke) return smoke(groups.flat(), options);
  options.onEstimate?.(minutesOf(groups.flatMap((runs) => roundsToCome(runs, options))));
  for (const runs of groups) await measureGroup(runs, options);
}

/**
 * What a run takes if every peer is there.
 * @param {readonly Scenario[]} scenarios
 * @param {readonly Peer[]} peers
 */
export function minutesOfAll(scenarios, peers) {
  /** @type {Pick<Results, "cells">} */
  const results = { cells: [] };
  const groups = scenarios.flatMap((scenario) => groupsOf(scenario, peers, new Map(), results, {}));
  return minutesOf(groups.flatMap((runs) => roundsToCome(runs, {})));
}

/**
 * Runs whose rounds take turns.
 * @param {Scenario} scenario
 * @param {readonly Peer[]} peers
 * @param {ReadonlyMap<string, string>} missing
 * @param {Pick<Results, "cells">} results
 * @param {Pick<MeasureOptions, "smoke">} options
 */
function groupsOf(scenario, peers, missing, results, { smoke: isSmoke = false }) {
  const variants = isSmoke ? scenario.variants.slice(-1) : scenario.variants;
  const together = scenario.together ? [variants] : variants.map((variant) => [variant]);
  return together.map((group) => group.flatMap((variant) => runsOf(scenario, variant, peers, missing, results)));
}

/**
 * In the order in which they are played.
 * @param {readonly Run[]} runs
 * @param {Pick<MeasureOptions, "rounds">} options
 */
function roundsToCome(runs, { rounds }) {
  const wanted = rounds ?? runs[0]?.scenario.rounds ?? DEFAULT_ROUNDS;
  const able = runs.filter(({ cell }) => cell.skipped === undefined);
  return Array.from({ length: wanted }, (_, round) => (round % 2 === 0 ? able : able.toReversed())).flatMap(
    (inTurn, round) => inTurn.filter(({ cell }) => cell.rounds.length <= round),
  );
}

/**
 * @param {readonly Run[]} runs
 * @param {MeasureOptions} options
 */
async function measureGroup(runs, options) {
  const { onRound, onVariant } = options;
  const [first] = runs;
  if (!first) return;
  for (const run of roundsToCome(runs, options)) {
    const { scenario, variant, cell } = run;
    cell.rounds.push(await runRound({ ...partsOf(run), size: { ...scenario.full, ...variant.full } }));
    onRound(cell, scenario);
  }
  for (const { name } of new Set(runs.map(({ variant }) => variant))) {
    const cells = runs.filter(({ variant }) => variant.name === name).map(({ cell }) => cell);
    onVariant(first.scenario, name, cells);
  }
}

/**
 * @param {readonly Run[]} runs
 * @param {MeasureOptions} options
 */
async function smoke(runs, { onRound }) {
  const able = runs.filter(({ cell }) => cell.skipped === undefined);
  await pool(able, SMOKES_AT_ONCE, async (run) => {
    run.cell.rounds.push(await runRound({ ...partsOf(run), size: run.scenario.smoke, loose: true }));
    onRound(run.cell, run.scenario);
  });
}

/** @param {Run} run */
function partsOf({ scenario: { kind, nodes, heartbeatMs }, variant, peer, dialects }) {
  return { kind, variant, peer, dialects, nodes, heartbeatMs };
}

/**
 * @param {readonly Peer[]} peers
 * @param {Results} results
 */
async function whatIsMissing(peers, results) {
  /** @type {Map<string, string>} */
  const missing = new Map();
  for (const peer of peers) {
    const why = await peer.missing();
    if (why !== undefined) missing.set(peer.name, why);
    if (why !== undefined && results.peers[peer.name]) continue; // an earlier run had it, and its figures are of that version
    const version = why === undefined ? await peer.version() : "";
    results.peers[peer.name] = { title: peer.title, version, note: peer.note };
  }
  return missing;
}

/**
 * A cell for every transport that the peer speaks.
 * @param {Scenario} scenario
 * @param {Variant} variant
 * @param {readonly Peer[]} peers
 * @param {ReadonlyMap<string, string>} missing
 * @param {Pick<Results, "cells">} results
 * @returns {Run[]}
 */
function runsOf(scenario, variant, peers, missing, results) {
  const asked = peers.filter(
    ({ name, scenarios }) => (scenario.peers?.includes(name) ?? true) && (scenarios?.includes(scenario.name) ?? true),
  );
  return scenario.dialects.flatMap((dialect) =>
    asked.flatMap((peer) => {
      const dialects = dialect === "mixed" ? Object.values(peer.dialects) : [peer.dialects[dialect] ?? []].flat();
      if (dialects.length === 0 || (scenario.kind === "relay" && !dialects.some(({ publish }) => publish))) return [];
      const cell = cellOf({ scenario: scenario.name, variant: variant.name, peer: peer.name, dialect }, results);
      const why = missing.get(peer.name);
      if (why !== undefined) cell.skipped = why;
      return [{ cell, peer, dialects, scenario, variant }];
    }),
  );
}

/**
 * That of an earlier run which goes on, else a new one.
 * @param {Omit<Cell, "rounds">} place
 * @param {Pick<Results, "cells">} results
 */
function cellOf(place, results) {
  const known = cellAt(results.cells, place);
  if (known) {
    delete known.skipped; // what was missing may have come
    return known;
  }
  /** @type {Cell} */
  const cell = { ...place, rounds: [] };
  results.cells.push(cell);
  return cell;
}
