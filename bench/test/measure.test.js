/** A run that was interrupted goes on with the round in which it was. */
import { beforeAll, expect, test } from "vitest";
import { cellAt } from "../lib/cells.js";
import { measure } from "../lib/measure.js";
import { compilePrograms } from "../lib/native.js";
import { PEERS } from "../lib/peers.js";
import { SCENARIOS } from "../scenarios.js";
import { cell, results } from "./made-up.js";

const PLACE = { scenario: "relay", peer: "c", dialect: "websocket" };

beforeAll(compilePrograms);

test("rounds that are there are neither estimated nor played again, and the others are", async () => {
  const all = results([
    cell("relay / 1 in flight / websocket / c", [{ us: 1 }, { us: 2 }]),
    cell("relay / 4 in flight / websocket / c", [{ us: 3 }]),
  ]);
  /** @type {string[]} */
  const events = [];
  await measure({
    scenarios: SCENARIOS.filter(({ name }) => name === "relay").map((scenario) => ({
      ...scenario,
      full: scenario.smoke,
    })),
    peers: PEERS.filter(({ name }) => name === "c"),
    rounds: 2,
    results: all,
    onEstimate: (minutes) => events.push(`${minutes} minute`),
    onRound: ({ variant }) => events.push(variant),
    onVariant: (_, variant, cells) => events.push(`${variant}: ${cells.map(({ rounds }) => rounds.length)} rounds`),
  });
  expect(events).toEqual(["1 minute", "1 in flight: 2 rounds", "4 in flight", "4 in flight: 2 rounds"]);
  expect(cellAt(all.cells, { ...PLACE, variant: "1 in flight" })?.rounds.map(({ cpuS }) => cpuS)).toEqual([1, 2]);
  const [kept, played] = cellAt(all.cells, { ...PLACE, variant: "4 in flight" })?.rounds ?? [];
  expect(kept?.cpuS).toBe(3);
  expect(played?.void).toBeUndefined();
  expect(played?.deliveries).toBeGreaterThan(0);
});

test("a peer that is not here any more keeps the version that its figures are of", async () => {
  const all = results([]);
  const [peer] = PEERS.filter(({ name }) => name === "c");
  if (!peer) throw new Error("There is no C server.");
  all.peers = { c: { title: peer.title, version: "1.2.3", note: peer.note } };
  const options = { scenarios: SCENARIOS, rounds: 1, results: all, onEstimate() {}, onRound() {}, onVariant() {} };
  const missing = { ...peer, missing: async () => "it is not installed" };
  await measure({ ...options, peers: [missing] });
  expect(all.peers.c?.version).toBe("1.2.3");
});
