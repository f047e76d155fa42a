/** The Redis parts that the other tests of this folder use, by themselves. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { rawConnect } from "../node/support.ts";
import { startRedisCluster } from "../support/redis/redis-cluster.ts";
import { hasSent, startSentinel } from "../support/redis/redis-sentinel.ts";
import { startRedis } from "../support/redis/redis-server.ts";
import { subscriberConnections } from "../support/redis/subscriber-connections.ts";

const LEASE_MS = 10_000;

describe("a Redis of the tests", () => {
  test("has a clock that moves when told to, by which its keys expire", async () => {
    const redis = await startRedis({ movableClock: true });
    const seconds = async () => Number((await redis.command("TIME")).split("\n")[0]);
    const before = await seconds();
    await redis.command("SET", "lease", "held", "PX", LEASE_MS);
    redis.advance(LEASE_MS - 1_000);
    expect(await redis.command("EXISTS", "lease")).toBe("1");
    redis.advance(1_001);
    expect(await redis.command("EXISTS", "lease")).toBe("0");
    expect((await seconds()) - before).toBeGreaterThanOrEqual(LEASE_MS / 1_000);
  });

  test("keeps what was answered when it is killed, where it is durable, and another one does not", async () => {
    const [durable, forgetful] = [await startRedis({ durable: true }), await startRedis()];
    for (const redis of [durable, forgetful]) {
      await redis.command("SET", "a", "kept");
      await redis.kill();
      await expect(redis.command("PING")).rejects.toThrow();
      await redis.start();
    }
    expect([await durable.command("GET", "a"), await forgetful.command("GET", "a")]).toEqual(["kept", ""]);
  });

  test.each([true, false])("goes back to what it held before (durable: %s)", async (durable) => {
    const redis = await startRedis({ durable });
    await redis.command("SET", "a", "then");
    const then = await redis.snapshot();
    await redis.command("SET", "a", "now");
    await redis.kill();
    redis.restore(then);
    await redis.start();
    expect(await redis.command("GET", "a")).toBe("then");
  });

  test("answers nothing while it is paused, and everything after", async () => {
    const redis = await startRedis();
    const { socket, has } = await rawConnect(redis.port, "PING\r\n");
    await has("+PONG");
    redis.pause();
    socket.write("ECHO later\r\n");
    const first = await Promise.race([
      has("later").then(() => "answered"),
      new Promise((resolve) => setTimeout(resolve, 200)).then(() => "silent"), // more than an answer ever takes
    ]);
    expect(first).toBe("silent");
    redis.resume();
    await has("later");
  });

  test("shows which connections through a bad network listen, so that a test can hold those alone", async () => {
    const redis = await startRedis();
    const network = await createFaultNetwork({ target: redis.port });
    onTestFinished(network.close);
    const listener = await rawConnect(network.port, "SUBSCRIBE news\r\n");
    await listener.has("news");
    const caller = await rawConnect(network.port, "PING\r\n");
    await caller.has("PONG");
    const subscribers = await subscriberConnections(network, redis);
    expect(subscribers).toHaveLength(1);
    for (const connection of subscribers) connection.cut();
    await listener.ended();
    caller.socket.write("ECHO here\r\n");
    await caller.has("here");
  });
});

describe("a Redis with sentinels, of the tests", () => {
  test("loses what a replica that was cut off has not heard, when its master dies", async () => {
    const sentinel = await startSentinel();
    const master = await sentinel.master();
    await master.command("SET", "before", 1);
    await hasSent(master);
    await sentinel.cutReplication(master);
    await master.command("SET", "after", 1);
    await master.kill();
    const next = await sentinel.failedOver(master);
    expect(await next.command("MGET", "before", "after")).toBe("1\n");
  });
});

describe("a Redis Cluster of the tests", () => {
  test("gives the slots of a master that dies to its replica", async () => {
    const cluster = await startRedisCluster();
    const master = await cluster.masterOf("{room}");
    await master.command("SET", "{room}", "kept");
    await hasSent(master);
    await master.kill();
    const next = await cluster.failedOver("{room}", master);
    expect(await next.command("GET", "{room}")).toBe("kept");
  });
});
