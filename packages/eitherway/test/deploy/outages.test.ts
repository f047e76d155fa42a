/** What each failure does to users, in seconds: how docs/scaling.md came to its figures. They are printed; asserted is that all are back. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../src/client/index.node.ts";
import { DIALECTS } from "../../src/testing/index.ts";
import { eventually } from "../support/redis/redis-server.ts";
import { type GuardedNodes, startGuardedNodes } from "./guarded-nodes.ts";

const CHANNEL = "room/42";
/** Of each dialect. */
const CLIENTS = 6;
const BEAT_MS = 100;
const CALM_MS = 3_000;
const TIME_LIMIT_MS = 120_000;

beforeEach(() => vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0")); // the certificate is the test's own
afterEach(() => vi.unstubAllEnvs());

const FAILURES: Readonly<Record<string, (system: GuardedNodes) => Promise<void>>> = {
  "a node is killed": async ({ nodes }) => {
    await nodes[0]?.kill();
  },
  "Redis is killed and starts again": async ({ sentinel }) => {
    const master = await sentinel.master();
    await master.kill();
    await master.start();
  },
  "Redis is killed, a replica takes over": async ({ sentinel }) => {
    const master = await sentinel.master();
    await master.kill();
    await sentinel.failedOver(master);
  },
  "a node is cut off from Redis for 3 s": async ({ nodes }) => {
    await nodes[0]?.gateway.cut();
    await pause(CALM_MS);
    await nodes[0]?.gateway.heal();
  },
  "what a node and Redis send is swallowed for 3 s": async ({ nodes }) => {
    await nodes[0]?.gateway.hold();
    await pause(CALM_MS);
    await nodes[0]?.gateway.heal();
  },
};

/** The others are in many-clients.test.ts as well, without figures. */
const chosen = Object.entries(FAILURES).slice(0, process.env.EITHERWAY_OUTAGES === "all" ? undefined : 1);

test.each(chosen)(
  "%s: everybody hears and publishes again (P2, P5)",
  {
    timeout: TIME_LIMIT_MS,
  },
  async (name, fail) => {
    const system = await startGuardedNodes();
    const users = await Promise.all(
      DIALECTS.flatMap((dialect) => Array.from({ length: CLIENTS }, (_, n) => startUser(system.url, dialect, n))),
    );
    await pause(CALM_MS);
    for (const user of users) user.forget();
    await fail(system);
    const from = performance.now();
    await pause(CALM_MS);
    await eventually(async () => users.every((user) => user.heardSince(from) && user.answeredSince(from)));

    const silences = users.map(({ silence }) => silence());
    const waits = users.map(({ wait }) => wait());
    const gaps = users.reduce((sum, user) => sum + user.gaps(), 0);
    const failures = users.flatMap((user) => user.failures());
    process.stdout.write(
      `outages: ${name}: nothing comes for ${spread(silences)}; a publish waits ${spread(waits)}; ${gaps} gaps of ${users.length} users; failed publishes: ${failures}\n`,
    );
    expect(failures).toEqual([]);
  },
);

/** Publishes at every beat, and hears all others. */
async function startUser(url: string, { transport, framing }: (typeof DIALECTS)[number], n: number) {
  const client = createClient({ url, token: `${transport}-${n}`, transport, framing });
  const channel = client.channel(CHANNEL);
  const failed: string[] = [];
  let heard = performance.now();
  let answered = 0;
  let silence = 0;
  let wait = 0;
  let gaps = 0;
  channel.on("gap", () => gaps++);
  channel.on("message", () => {
    silence = Math.max(silence, performance.now() - heard);
    heard = performance.now();
  });
  await new Promise<unknown>((resolve) => channel.on("live", resolve));
  const beat = setInterval(async () => {
    const from = performance.now();
    try {
      await channel.publish("beat");
      answered = performance.now();
      wait = Math.max(wait, answered - from);
    } catch (error) {
      failed.push((error as { code?: string }).code ?? String(error));
    }
  }, BEAT_MS * CLIENTS);
  onTestFinished(async () => {
    clearInterval(beat);
    await client.close();
  });
  return {
    forget() {
      silence = wait = gaps = 0;
      failed.length = 0;
    },
    heardSince: (moment: number) => heard > moment,
    answeredSince: (moment: number) => answered > moment,
    silence: () => silence,
    wait: () => wait,
    gaps: () => gaps,
    failures: () => failed,
  };
}

function spread(all: readonly number[]): string {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (share: number): string => ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1_000).toFixed(1);
  return `${at(0.5)} s (at most ${at(1)} s)`;
}
