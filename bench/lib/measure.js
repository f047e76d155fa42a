/** Measures scenarios: every peer once a round, in turned order each time, so that what drifts drifts for all. */
import { Stop } from "../../scripts/lib/phases.js";
import { runRound } from "./run-cell.js";

/**
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./types.js").Peer} Peer
 * @typedef {import("./types.js").DialectName} DialectName
 * @typedef {import("../scenarios.js").Scenario} Scenario
 * @typedef {import("../scenarios.js").Variant} Variant
 *
 * @typedef {object} MeasureOptions
 * @property {readonly Scenario[]} scenarios
 * @property {readonly Peer[]} peers
 * @property {number} rounds
 * @property {"full" | "smoke"} size
 * @property {Results} results cells are added to it
 * @property {(cell: Cell, scenario: Scenario) => void} onRound
 * @property {(scenario: Scenario, variant: string, cells: readonly Cell[]) => void} onVariant all its rounds are over
 *
 * @typedef {import("./types.js").Results} Results
 */

/** @param {MeasureOptions} options */
export async function measure({ scenarios, peers, rounds, size, results, onRound, onVariant }) {
  const missing = await whatIsMissing(peers, results);
  for (const scenario of scenarios) {
    for (const variant of scenario.variants) {
      const runs = runsOf(scenario, variant, peers, missing);
      const cells = runs.map(({ cell }) => cell);
      results.cells.push(...cells);
      for (let round = 0; round < rounds; round++) {
        for (const { cell, peer, dialect } of round % 2 === 0 ? runs : runs.toReversed()) {
          if (cell.skipped !== undefined) continue;
          cell.rounds.push(await runRound({ kind: scenario.kind, variant, size: scenario[size], peer, dialect }));
          onRound(cell, scenario);
        }
      }
      onVariant(scenario, variant.name, cells);
    }
  }
  if (results.cells.length === 0) throw new Stop("None of these peers can do any of these scenarios.");
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
 */
function runsOf(scenario, variant, peers, missing) {
  const runs = [];
  for (const name of scenario.dialects) {
    for (const peer of peers) {
      const dialect = peer.dialects[name];
      if (!dialect || (scenario.kind === "relay" && !dialect.publish)) continue;
      /** @type {Cell} */
      const cell = { scenario: scenario.name, variant: variant.name, peer: peer.name, dialect: name, rounds: [] };
      const why = missing.get(peer.name);
      if (why !== undefined) cell.skipped = why;
      runs.push({ cell, peer, dialect });
    }
  }
  return runs;
}
