/** The transport suite on servers whose broker is a real Redis: alone, behind Sentinels and as a Cluster. Logs outlive each server. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { redis } from "../../src/redis/index.ts";
import { DIALECTS, transportSuite } from "../../src/testing/index.ts";
import { startNodeServer } from "../matrix/support.ts";
import { launchRedisCluster } from "../support/redis/redis-cluster.ts";
import { launchSentinel } from "../support/redis/redis-sentinel.ts";
import { launchRedis } from "../support/redis/redis-server.ts";
import { newPrefix } from "./broker-support.ts";

/** The two that differ most: what the other two do between them, they do over one Redis. All in `npm run test:long`. */
const APART: ReadonlySet<string> = new Set(["websocket binary", "sse"]);
const dialectsOfMany =
  process.env.EITHERWAY_REDIS_DIALECTS === "all" ? DIALECTS : DIALECTS.filter(({ name }) => APART.has(name));

const PARTS = [
  ["one Redis", launchRedis, DIALECTS],
  ["Redis behind Sentinels", launchSentinel, dialectsOfMany],
  ["a Redis Cluster of six", launchRedisCluster, dialectsOfMany],
] as const;

describe.each(PARTS)("over %s", (_, launch, dialects) => {
  let part: Awaited<ReturnType<typeof launch>>;
  beforeAll(async () => {
    part = await launch();
  });
  afterAll(() => part.stop());

  transportSuite({
    test,
    dialects,
    // Each case is a system of its own, by its prefix.
    start: (settings) => startNodeServer(settings, redis(part.url, { prefix: newPrefix() })),
  });
});
