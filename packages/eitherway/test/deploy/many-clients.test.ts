/** Three nodes behind nginx and 1,500 clients, while nodes, Redis and the ways between them fail. */
import { afterEach, beforeEach, expect, onTestFailed, test, vi } from "vitest";
import { createSeededRandom } from "../../src/testing/index.ts";
import { shuffled, startCrowd } from "./crowd.ts";
import { createDisturber, DISTURBANCES } from "./disturbances.ts";
import { startGuardedNodes } from "./guarded-nodes.ts";

const SEED = Number(process.env.EITHERWAY_NODES_SEED ?? Date.now() % 2 ** 31);
/** In each of them everything happens once. */
const MINUTES = Number(process.env.EITHERWAY_NODES_MINUTES ?? 1);

const CHANNELS = 50;
/** 500 clients of each transport. */
const PER_CHANNEL = { "websocket json": 5, "websocket binary": 5, sse: 10, poll: 10 };
/** By each client in each minute. */
const PUBLISHES = 2;
const MINUTE_MS = 45_000; // and what failures add
/** Of a part may be over when its disturbance begins, so that enough goes on meanwhile. */
const LATEST = 0.5;
/** For each minute, and once more for the start and the end: most of it is for a machine that has other things to do. */
const TIME_LIMIT_MS = 180_000;

beforeEach(() => vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0")); // the certificate is the test's own
afterEach(() => vi.unstubAllEnvs());

test("1,500 clients over websocket, sse and poll on three nodes behind nginx, while nodes are killed, Redis is restarted, failed over and cut off: no acknowledged message is lost without a gap, none doubled, one order (P1, P2, P3, P4, P5)", {
  timeout: TIME_LIMIT_MS * (MINUTES + 1),
}, async () => {
  say(`EITHERWAY_NODES_SEED=${SEED} repeats its choices`);
  const began = performance.now();
  const system = await startGuardedNodes();
  say(`three nodes are up after ${seconds(began)}`);
  const crowd = await startCrowd({ url: system.url, channels: CHANNELS, perChannel: PER_CHANNEL });
  onTestFailed(() => say(`stands at ${crowd.waiting()}`));
  say(`${crowd.size} clients are live after ${seconds(began)}`);

  const random = createSeededRandom(SEED);
  const plan = Array.from({ length: MINUTES }, () => shuffled(DISTURBANCES, random)).flat();
  const disturber = createDisturber({ system, crowd, random });
  const total = crowd.size * PUBLISHES * MINUTES;
  await Promise.all([
    crowd.publish({ seed: SEED, each: PUBLISHES * MINUTES, spreadMs: MINUTE_MS * MINUTES }),
    disturbAll(),
  ]);
  await disturber.end();

  const { findings, leastGaps, mostGaps, lines } = crowd.books.account();
  for (const line of lines) say(line);
  say(
    `${plan.length} disturbances, ${disturber.lostWrites} writes lost, ${leastGaps} to ${mostGaps} gaps a reader, ${seconds(began)}`,
  );
  expect(findings).toEqual([]);
  expect(disturber.lostWrites).toBeGreaterThan(0);
  expect(leastGaps).toBeGreaterThan(0);

  /** Each happens somewhere in a part of its own, and the next part begins when all is as before. */
  async function disturbAll(): Promise<void> {
    const part = total / plan.length;
    for (const [at, what] of plan.entries()) {
      crowd.allow((at + 1) * part);
      await crowd.someAnswered(random() * LATEST * part);
      const from = performance.now();
      say(`${what} at ${crowd.answered} of ${total} answered`);
      await disturber.disturb(what);
      say(`${what}: as before after ${seconds(from)}`);
    }
    crowd.allow(total);
  }
});

function seconds(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`;
}

function say(text: string): void {
  process.stdout.write(`nodes: ${text}\n`);
}
