/** The broker suite over a real Redis: alone, as a Cluster and behind Sentinels. */
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONTROL_LOG } from "../../src/core/index.ts";
import { textPayload } from "../../src/protocol/index.ts";
import {
  type BrokerSettings,
  type BrokerUnderTest,
  brokerSuite,
  createLeapingClock,
  type LeapingClock,
} from "../../src/testing/index.ts";
import { launchRedisCluster, type RunningCluster } from "../support/redis/redis-cluster.ts";
import { launchSentinel, type RunningSentinel } from "../support/redis/redis-sentinel.ts";
import { launchRedis, type RunningRedis } from "../support/redis/redis-server.ts";
import { createBroker, type StartedBroker, startBroker } from "./broker-support.ts";

const DAY_MS = 24 * 60 * 60_000;
/** How often a node looks whether its subscriptions are where they belong. */
const LOOK_MS = 1_000;
/** So far a node leaps without thinking that it stood still, and that nobody's lease was renewed. */
const LEAST_STEP_MS = 1_900;
/** Renewals of a log that lives for some minutes come between two steps. */
const MOST_STEP_MS = 60_000;
/** Each takes some real time as well. */
const MOST_STEPS = 8;

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

  brokerSuite({ test, time: true, streams: true, presence: true, create: (settings) => underTest(redis, settings) });

  test("has what was revoked, weeks after messages were too old (P9)", async () => {
    const { broker } = startBroker(redis.url);
    const texts = async (channel: string) => {
      const page = await broker.read(channel, "start", { messages: 10, bytes: 1_000 });
      return page.kind === "messages" ? page.messages.map(({ payload }) => payload.data) : [];
    };
    for (const channel of [CONTROL_LOG, "a"]) {
      await broker.publish(channel, [{ event: "e", payload: textPayload("ana") }]);
      expect(await texts(channel)).toEqual(["ana"]);
    }
    redis.advance(20 * DAY_MS);
    expect([await texts(CONTROL_LOG), await texts("a")]).toEqual([["ana"], []]);
  });
});

describe("redis broker, Cluster of six", () => {
  let cluster: RunningCluster;
  beforeAll(async () => {
    cluster = await launchRedisCluster({ movableClock: true });
  });
  afterAll(() => cluster.stop());

  brokerSuite({ test, time: true, streams: true, presence: true, create: (settings) => underTest(cluster, settings) });

  test("subscribes as soon as it knows who has what, not only when it looks again (P2)", async () => {
    const clock = createLeapingClock();
    const withoutLooks: LeapingClock = {
      ...clock,
      after: (ms, run) => (ms === LOOK_MS ? () => {} : clock.after(ms, run)),
    };
    const { broker } = startBroker(cluster.url, { clock: withoutLooks });
    await broker.watch("room/42", () => {}); // its first act
  });
});

describe("redis broker, behind Sentinels", () => {
  let sentinel: RunningSentinel;
  let part: Part;
  beforeAll(async () => {
    sentinel = await launchSentinel({ movableClock: true });
    part = {
      url: sentinel.url,
      advance(ms) {
        for (const server of sentinel.servers) server.advance(ms);
      },
    };
  });
  afterAll(() => sentinel.stop());

  brokerSuite({ test, time: true, streams: true, presence: true, create: (settings) => underTest(part, settings) });
});

function underTest(part: Part, settings: BrokerSettings): BrokerUnderTest {
  const started = createBroker(part.url, settings);
  const leap = createLeap(part, started);
  return { broker: started.broker, advance: (ms) => advance(started, leap, ms) };
}

/** Moves all clocks on, less what has passed by itself since the first time: a busy machine makes no case late. */
function createLeap(part: Part, { clock }: StartedBroker): (ms: number) => void {
  let begun: number | undefined;
  let due = 0;
  let leapt = 0;
  return (ms) => {
    begun ??= performance.now();
    due += ms;
    const missing = due - leapt - (performance.now() - begun);
    if (missing <= 0) return;
    leapt += missing;
    part.advance(missing);
    clock.leap(missing);
  };
}

/** Time passes in steps, as it does: what is renewed now and then is renewed, and what fell due is done. */
async function advance({ broker, counters }: StartedBroker, leap: (ms: number) => void, ms: number): Promise<void> {
  const nothingIsUnderWay = async (): Promise<void> => {
    while (counters.all["redis.looks"] !== counters.all["redis.looked"]) await setImmediate();
  };
  const longest = Math.min(Math.max(ms / MOST_STEPS, LEAST_STEP_MS), MOST_STEP_MS);
  for (let left = ms; left > 0; left -= longest) {
    await nothingIsUnderWay();
    leap(Math.min(left, longest));
    await broker.read("room/42", "now", { messages: 1, bytes: 1 }); // comes after what the leap has set going
    await nothingIsUnderWay();
  }
}
