/** The instrument against itself. `npm run test:long` runs it as often as `EITHERWAY_COMPARE_RUNS` says. */
import { describe, expect, test } from "vitest";
import type { Path } from "../../src/cli/compare/paths.ts";
import type { Channel, Client } from "../../src/client/index.node.ts";
import { differences, figureOf, pathOf, runComparison, startTarget } from "./compare-support.ts";

const RUNS = Number(process.env.EITHERWAY_COMPARE_RUNS ?? 1);
/** Of 20 runs one may go wrong. */
const WRONG = Math.floor(RUNS / 20);
/** As long as `--quick`, where it counts. */
const SECONDS = RUNS > 1 ? 17 : 8;
const TIMEOUT_MS = 30_000 + RUNS * 25_000;

describe("a path against itself", () => {
  test(`differs in nothing (${RUNS} runs)`, { timeout: TIMEOUT_MS }, async () => {
    const target = await startTarget();
    const found: (readonly string[])[] = [];
    for (let run = 0; run < RUNS; run++) {
      const comparison = await runComparison({ paths: [pathOf("ws"), pathOf("ws")], target, seconds: SECONDS });
      expect(comparison.made.rounds).toBeGreaterThan(15);
      expect(comparison.findings).toEqual([]);
      if (differences(comparison).length > 0) found.push(differences(comparison));
    }
    console.log(`no difference in ${RUNS - found.length} of ${RUNS} runs`);
    expect(found.length, JSON.stringify(found)).toBeLessThanOrEqual(WRONG);
  });

  test(`but 30 % slower is found to be slower (${RUNS} runs)`, { timeout: TIMEOUT_MS }, async () => {
    const target = await startTarget();
    const calm = await runComparison({ paths: [pathOf("ws"), pathOf("ws")], target, seconds: 4 });
    const usualMs = figureOf(calm, "delivery.p50", "ws").summary.median;
    let hits = 0;
    for (let run = 0; run < RUNS; run++) {
      const paths = [pathOf("ws"), slowed(pathOf("ws"), SLOWER * usualMs)];
      const comparison = await runComparison({ paths, target, seconds: SECONDS });
      const verdict = figureOf(comparison, "delivery.p50", "ws#2").verdict;
      if (verdict?.outcome === "more") hits++;
      else console.log(`missed: ${JSON.stringify(verdict)}`);
    }
    console.log(`${hits} of ${RUNS} runs found the slower side`);
    expect(hits).toBeGreaterThanOrEqual(RUNS - WRONG);
  });
});

const SLOWER = 0.3;

/** Whatever comes in takes that much longer, by work and not by a timer, as in a slower client. */
function slowed(path: Path, ms: number): Path {
  return {
    ...path,
    createClient: (...args) => withChannel(path.createClient(...args), (channel) => late(channel, ms)),
  };
}

function withChannel(client: Client, change: (channel: Channel) => Channel): Client {
  return overlay(client, { channel: (name: string) => change(client.channel(name)) });
}

function late(channel: Channel, ms: number): Channel {
  const on = (event: string, listener: (...args: unknown[]) => void) =>
    channel.on(event as "message", (...args: unknown[]) => {
      const until = performance.now() + ms;
      while (event === "message" && performance.now() < until); // spins
      listener(...args);
    });
  return overlay(channel, { on });
}

function overlay<T extends object>(target: T, own: object): T {
  return new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(name in own ? own : target, name);
      return typeof value === "function" && !(name in own) ? value.bind(target) : value;
    },
  });
}
