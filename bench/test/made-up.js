/** Results made by hand, in the shape of those that runs give. */
import { PEERS } from "../lib/peers.js";

/**
 * @typedef {import("../lib/types.js").Cell} Cell
 * @typedef {import("../lib/types.js").Round} Round
 * @typedef {import("../lib/types.js").Results} Results
 * @typedef {Partial<Round> & { us?: number }} RoundFacts us: CPU of a delivery
 */

const DELIVERIES = 1_000_000;

/** @param {RoundFacts} facts @returns {Round} */
function round({ us = 1, ...facts }) {
  return {
    clean: true,
    otherPercent: 0,
    deliveries: DELIVERIES,
    wallS: us,
    userS: us / 4,
    sysS: (3 * us) / 4,
    cpuS: us,
    bytes: 130 * DELIVERIES,
    ...facts,
  };
}

/**
 * @param {string} where scenario / variant / transport / peer
 * @param {readonly (number | RoundFacts)[]} rounds a number: CPU of a delivery, in µs
 * @returns {Cell}
 */
export function cell(where, rounds) {
  const [scenario = "", variant = "", dialect = "", peer = ""] = where.split(" / ");
  return {
    scenario,
    variant,
    dialect,
    peer,
    rounds: rounds.map((facts) => round(typeof facts === "number" ? { us: facts } : facts)),
  };
}

/** @param {string} where @param {string} skipped @returns {Cell} */
export function skippedCell(where, skipped) {
  return { ...cell(where, []), skipped };
}

/** @param {readonly Cell[]} cells @returns {Results} */
export function results(cells) {
  const names = new Set(cells.map(({ peer }) => peer));
  const known = PEERS.filter(({ name }) => names.has(name));
  return {
    machine: { cpu: "A CPU", cores: 2, memory: 8e9, kernel: "6.1", node: "v20.19.0", os: "Linux", pinned: true },
    startedAt: "2026-03-04T05:06:07.000Z",
    peers: Object.fromEntries(known.map(({ name, title, note }) => [name, { title, version: "1.2.3", note }])),
    cells: [...cells],
  };
}
