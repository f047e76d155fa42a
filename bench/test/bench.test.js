/** The benchmark itself, once, tiny: every scenario is played by every peer that speaks its transports. */
import { expect, test } from "vitest";
import { run } from "../../scripts/lib/process.js";
import { inRoot } from "../../scripts/lib/root.js";
import { PEERS } from "../lib/peers.js";
import { SCENARIOS } from "../scenarios.js";

const SMOKE_LIMIT_MS = 240_000; // 60 s on a machine that does nothing else
const REFUSAL_LIMIT_MS = 7_000; // else it measures what it should have refused
/** Where npm or the system has no program of them for this machine. All others have to run. */
const MAY_BE_MISSING = ["bun", "nchan", "uws"];

/**
 * @param {readonly string[]} args
 * @param {number} limitMs
 */
function bench(args, limitMs) {
  return run(process.execPath, [inRoot("bench", "bench.js"), ...args], { limitMs });
}

test(
  "every message of every scenario arrives once and in order from every peer",
  async () => {
    const { code, output } = await bench(["--smoke"], SMOKE_LIMIT_MS);
    const cells = [...output.matchAll(/^([\w-]+), .* (\S+) +ok$/gm)].map(([, scenario, peer]) => ({ scenario, peer }));
    const notRun = [...output.matchAll(/^(\S+): not run: \S+/gm)].map(([, peer = ""]) => peer);
    expect(output).not.toContain("VOID");
    expect(code, output).toBe(0);
    expect(MAY_BE_MISSING).toEqual(expect.arrayContaining(notRun));
    expect(new Set(cells.map(({ scenario }) => scenario))).toEqual(new Set(SCENARIOS.map(({ name }) => name)));
    expect(new Set([...cells.map(({ peer }) => peer), ...notRun])).toEqual(new Set(PEERS.map(({ name }) => name)));
    const ours = cells.filter(({ peer }) => peer === "eitherway");
    const wanted = SCENARIOS.map(({ name, dialects }) => [name, dialects.length]);
    expect(wanted.map(([name]) => [name, ours.filter(({ scenario }) => scenario === name).length])).toEqual(wanted);
  },
  SMOKE_LIMIT_MS,
);

test("what the command line does not know is refused in a sentence", async () => {
  for (const [args, words] of /** @type {const} */ ([
    [["--only", "fan-in"], "There is no scenario fan-in; there are fan-out,"],
    [["--peers", "faye"], "There is no peer faye; there are eitherway,"],
    [["results.json"], "What is results.json?"],
    [["--report", "nowhere.json"], "There are no results in nowhere.json"],
  ])) {
    const { code, output } = await bench(args, REFUSAL_LIMIT_MS);
    expect(output).toContain(words);
    expect(output.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  }
});
