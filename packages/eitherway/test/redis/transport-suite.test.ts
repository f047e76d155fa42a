/** The transport suite on servers whose broker is a real Redis: alone, behind Sentinels and as a Cluster. Logs outlive each server. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { redis } from "../../src/redis/index.ts";
import { DIALECTS, type Dialect, transportSuite } from "../../src/testing/index.ts";
import { startNodeServer } from "../matrix/support.ts";
import { launchRedisCluster, type RunningCluster } from "../support/redis/redis-cluster.ts";
import { launchSentinel, type RunningSentinel } from "../support/redis/redis-sentinel.ts";
import { launchRedis, type RunningRedis } from "../support/redis/redis-server.ts";
import { newPrefix } from "./broker-support.ts";

/** The two that differ most: what the other two do between them, they do over one Redis. All in `npm run test:long`. */
const APART: ReadonlySet<string> = new Set(["websocket binary", "sse"]);
const dialectsOfMany =
  process.env.EITHERWAY_REDIS_DIALECTS === "all" ? DIALECTS : DIALECTS.filter(({ name }) => APART.has(name));

describe("over one Redis", () => {
  let server: RunningRedis;
  beforeAll(async () => {
    server = await launchRedis();
  });
  afterAll(() => server.stop());
  suiteOver(() => server.url, DIALECTS);
});

describe("over Redis behind Sentinels", () => {
  let sentinel: RunningSentinel;
  beforeAll(async () => {
    sentinel = await launchSentinel();
  });
  afterAll(() => sentinel.stop());
  suiteOver(() => sentinel.url, dialectsOfMany);
});

describe("over a Redis Cluster of six", () => {
  let cluster: RunningCluster;
  beforeAll(async () => {
    cluster = await launchRedisCluster();
  });
  afterAll(() => cluster.stop());
  suiteOver(() => cluster.url, dialectsOfMany);
});

/** Each case is a system of its own, by its prefix. */
function suiteOver(url: () => string, dialects: readonly Dialect[]): void {
  transportSuite({
    test,
    dialects,
    start: (settings) => startNodeServer(settings, redis(url(), { prefix: newPrefix() })),
  });
}
