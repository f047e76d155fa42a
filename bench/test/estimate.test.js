/** What `npm run bench` promises in minutes is kept by the sizes of its rounds. */
import { expect, test } from "vitest";
import { roundMs } from "../lib/estimate.js";
import { minutesOfAll } from "../lib/measure.js";
import { DEFAULT_PEERS, PEERS } from "../lib/peers.js";
import { DEFAULT_SCENARIOS, SCENARIOS } from "../scenarios.js";

/** @param {readonly string[]} names @param {readonly string[]} peers */
function minutes(names, peers) {
  return minutesOfAll(
    SCENARIOS.filter(({ name }) => names.includes(name)),
    PEERS.filter(({ name }) => peers.includes(name)),
  );
}

const ALL_PEERS = PEERS.map(({ name }) => name);

// Machines are not all alike: some minutes are spared.

test("a run of which nothing more is asked ends within 12 minutes", () => {
  expect(minutes(DEFAULT_SCENARIOS, DEFAULT_PEERS)).toBeLessThanOrEqual(11);
});

test("a run of all ends within 100 minutes", () => {
  const names = SCENARIOS.map(({ name }) => name);
  expect(minutes(names, ALL_PEERS)).toBeLessThanOrEqual(85);
});

test("the frozen client takes less than 8 of them", () => {
  expect(minutes(["frozen"], ALL_PEERS)).toBeLessThan(8);
});

test("rounds count with warm-up, window, their links, and what is there before these", () => {
  const scenario = SCENARIOS.find(({ name }) => name === "growth");
  const [few, many, idle] = scenario?.variants ?? [];
  if (!scenario || !few || !many || !idle) throw new Error("There is no growth.");
  const { warmupMs, windowMs } = scenario.full;
  expect(roundMs({ scenario, variant: few })).toBeGreaterThan(warmupMs + windowMs);
  expect(roundMs({ scenario, variant: many })).toBeGreaterThan(roundMs({ scenario, variant: few }));
  const alone = { ...idle, full: { links: 1_000 } };
  expect(roundMs({ scenario, variant: idle })).toBeGreaterThan(roundMs({ scenario, variant: alone }));
});
