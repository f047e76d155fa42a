/** What a comparison says about the way, on a network that is known to do it: told by the network's own counters. */
import { describe, expect, test } from "vitest";
import type { Comparison } from "../../src/instrument/index.ts";
import type { Fault } from "../../src/testing/index.ts";
import { type FigureId, figureOf, putBetween, runComparison, startTarget } from "./support.ts";

const TIMEOUT_MS = 120_000;

async function compareOver(fault: Fault, rounds: number, perSecond = 500) {
  const target = await startTarget();
  const { network, paths } = await putBetween(target, ["ws", "sse"]);
  network.set(fault);
  return {
    network,
    comparison: await runComparison({ paths, target, rounds, content: { kind: "json", bytes: 120, perSecond } }),
  };
}

const namesOf = ({ findings }: Comparison): readonly string[] => findings.map(({ id, side }) => `${id} ${side}`);

const ratio = (value: number, of: number): number => Math.abs(value / of - 1);

describe("a comparison", { timeout: TIMEOUT_MS }, () => {
  test("finds nothing where the network does nothing", async () => {
    const { comparison } = await compareOver({ kind: "none" }, 15);
    expect(comparison.findings).toEqual([]);
  });

  test("tells a round trip of 80 ms within 10 %", async () => {
    const { comparison } = await compareOver({ kind: "link", delayMs: 40 }, 10);
    expect(namesOf(comparison)).toEqual(["round-trip ws", "round-trip sse"]);
    for (const { value } of comparison.findings) expect(ratio(value, 80)).toBeLessThan(0.1);
    const medians = figureOf(comparison, "round-trip.p50", "ws").rounds.map((ms) => ms ?? Number.POSITIVE_INFINITY);
    expect(ratio(Math.min(...medians), 80)).toBeLessThan(0.1);
  });

  test("names stalls with their tail, and never as lost packets", async () => {
    const { network, comparison } = await compareOver({ kind: "link", stall: { ms: 200, everyMs: 500 } }, 15, 100);
    expect(network.counters.stalled.down).toBeGreaterThan(0);
    expect(namesOf(comparison)).toEqual(["stalls ws", "stalls sse"]);
    for (const { value, says, side } of comparison.findings) {
      const tails = ["delivery.p50", "round-trip.p50"].map((id) => figureOf(comparison, id as FigureId, side).tail);
      expect(value).toBe(Math.max(...tails.map((tail) => (tail?.p99 ?? 0) / (tail?.p50 ?? 1))));
      expect(value).toBeGreaterThan(4);
      expect(says).toContain(`${value.toFixed(1)} times p50`);
      expect(says).not.toMatch(/%|lost \d/);
    }
  });

  test("tells for how long a hop holds messages back, within 10 %", async () => {
    const { network, comparison } = await compareOver({ kind: "buffering", ms: 250 }, 3);
    const found = comparison.findings.filter(({ id }) => id === "buffering");
    expect(found.map(({ side }) => side)).toEqual(["ws", "sse"]);
    for (const { value } of found) {
      expect(ratio(value, 250)).toBeLessThan(0.1);
      expect(value).toBeLessThan(1.1 * network.counters.longestHeldMs.down);
    }
    expect(namesOf(comparison).filter((name) => /stalls|late|failed/.test(name))).toEqual([]);
  });
});
