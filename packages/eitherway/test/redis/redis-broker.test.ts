/** The broker suite over a real Redis: alone, as a Cluster and behind Sentinels. */
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import { type BrokerSettings, type BrokerUnderTest, brokerSuite, type LeapingClock } from "../../src/testing/index.ts";
import { launchRedisCluster, type RunningCluster } from "../support/redis/redis-cluster.ts";
import { launchSentinel, type RunningSentinel } from "../support/redis/redis-sentinel.ts";
import { launchRedis, type RunningRedis } from "../support/redis/redis-server.ts";
import { createBroker } from "./broker-support.ts";

/** Renewals of a log that lives for some minutes come between two steps. */
const STEP_MS = 60_000;

interface Part {
  readonly url: string;
  advance(ms: number): void;
}

describe("redis broker, one server", () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await launchRedis({ movableClock: true });
  });
  afterAll(() => redis.stop());

  brokerSuite({ test, time: true, streams: false, presence: false, create: (settings) => underTest(redis, settings) });
});

describe("redis broker, Cluster of six", () => {
  let cluster: RunningCluster;
  let part: Part;
  beforeAll(async () => {
    cluster = await launchRedisCluster({ movableClock: true });
    part = {
      url: `redis+cluster://${cluster.servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
      advance: cluster.advance,
    };
  });
  afterAll(() => cluster.stop());

  brokerSuite({ test, time: true, streams: false, presence: false, create: (settings) => underTest(part, settings) });
});

describe("redis broker, behind Sentinels", () => {
  let sentinel: RunningSentinel;
  let part: Part;
  beforeAll(async () => {
    sentinel = await launchSentinel({ movableClock: true });
    part = {
      url: `redis+sentinel://${sentinel.ports.map((port) => `127.0.0.1:${port}`).join(",")}/${sentinel.name}`,
      advance(ms) {
        for (const server of sentinel.servers) server.advance(ms);
      },
    };
  });
  afterAll(() => sentinel.stop());

  brokerSuite({ test, time: true, streams: false, presence: false, create: (settings) => underTest(part, settings) });
});

function underTest(part: Part, settings: BrokerSettings): BrokerUnderTest {
  const { broker, clock } = createBroker(part.url, settings);
  return { broker, advance: (ms) => advance(part, broker, clock, ms) };
}

/** Time passes in steps, as it does: what is renewed now and then is renewed. */
async function advance(part: Part, broker: Broker, clock: LeapingClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) {
    const step = Math.min(left, STEP_MS);
    part.advance(step);
    clock.leap(step);
    await broker.read("room/42", "now", { messages: 1, bytes: 1 }); // comes after what the leap has set going
  }
}
