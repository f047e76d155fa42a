/** The broker suite over a real Redis: alone, as a Cluster and behind Sentinels. */
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import { type BrokerSettings, type BrokerUnderTest, brokerSuite, type LeapingClock } from "../../src/testing/index.ts";
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
