/** The instrument against itself. `npm run test:long` runs it as often as `EITHERWAY_COMPARE_RUNS` says. */
import { describe, expect, test } from "vitest";
import type { Path } from "../../src/cli/compare/paths.ts";
import type { Target } from "../../src/cli/compare/target.ts";
import { differences, figureOf, pathOf, putBetween, runComparison, startTarget, withMessages } from "./support.ts";

const RUNS = Number(process.env.EITHERWAY_COMPARE_RUNS ?? 1);
/** Of 20 runs one may go wrong. */
const WRONG = Math.floor(RUNS / 20);
/** As many as `--quick` plays in its 20 s, where it counts. */
const ROUNDS = RUNS > 1 ? 50 : 30;
const TIMEOUT_MS = 30_000 + RUNS * 60_000;

describe("a path against itself", () => {
  test(`differs in nothing (${RUNS} runs)`, { timeout: TIMEOUT_MS }, async () => {
    const target = await startTarget();
    const found: (readonly string[])[] = [];
    for (let run = 0; run < RUNS; run++) {
      const comparison = await runComparison({ paths: [pathOf("ws"), pathOf("ws")], target, rounds: ROUNDS });
      expect(comparison.findings).toEqual([]);
      if (differences(comparison).length > 0) found.push(differences(comparison));
    }
    console.log(`no difference in ${RUNS - found.length} of ${RUNS} runs`);
    expect(found.length, JSON.stringify(found)).toBeLessThanOrEqual(WRONG);
  });

  if (RUNS > 1) {
    // A machine that has other work to do drowns a third of a millisecond: more rounds would be needed than anybody waits for.
    test(`but a client that works 30 % longer is found to be slower (${RUNS} runs)`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const target = await startTarget();
      await expectSlower(target, [busy(pathOf("ws"), WORK_MS), busy(pathOf("ws"), LONGER * WORK_MS)]);
    });
  }

  test(`but a way that is 30 % longer is found to be longer (${RUNS} runs)`, { timeout: TIMEOUT_MS }, async () => {
    const target = await startTarget();
    const ways = await Promise.all(
      [1, LONGER].map(async (times) => {
        const { network, paths } = await putBetween(target, ["ws"]);
        network.set({ kind: "link", delayMs: times * WAY_MS });
        return paths;
      }),
    );
    await expectSlower(target, ways.flat());
  });
});

async function expectSlower(target: Target, paths: readonly Path[]): Promise<void> {
  let hits = 0;
  for (let run = 0; run < RUNS; run++) {
    const comparison = await runComparison({ paths, target, rounds: ROUNDS, content: CONTENT });
    const { verdict } = figureOf(comparison, "delivery.p50", "ws#2");
    if (verdict?.outcome === "more") hits++;
    else console.log(`missed: ${JSON.stringify(verdict)}`);
  }
  console.log(`${hits} of ${RUNS} runs found the slower side`);
  expect(hits).toBeGreaterThanOrEqual(RUNS - WRONG);
}

/** Messages far enough apart for that work. */
const CONTENT = { kind: "json", bytes: 120, perSecond: 200 } as const;
/** Each way, of the shorter one. */
const WAY_MS = 20;
/** On each message. */
const WORK_MS = 1;
const LONGER = 1.3;

/** Whatever comes in takes that much longer, by work and not by a timer, as in a slower client. */
function busy(path: Path, ms: number): Path {
  return withMessages(path, (listener) => (...message) => {
    const until = performance.now() + ms;
    while (performance.now() < until); // spins
    listener(...message);
  });
}
