/** What subscribers are told when Redis loses what it had acknowledged. Each test fails where nothing was lost. */
import { describe, expect, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import { startRedisCluster } from "../support/redis/redis-cluster.ts";
import {
  cutReplicasOff,
  hasFollowed,
  hasSent,
  letReplicasIn,
  replicating,
  startSentinel,
} from "../support/redis/redis-sentinel.ts";
import { type RunningRedis, startRedis } from "../support/redis/redis-server.ts";
import { newPrefix, startBroker } from "./broker-support.ts";
import { type Eyewitness, idsOfTwoContents, lostTexts, publishAll, startEyewitness } from "./eyewitness.ts";

const CHANNEL = "room/42";
const named = (what: string, count = 20): string[] => Array.from({ length: count }, (_, n) => `${what} ${n}`);

/** A node and a subscriber on it. */
interface Witnessed {
  readonly broker: Broker;
  readonly witness: Eyewitness;
}

async function startNode(url: string, prefix: string): Promise<Witnessed> {
  const { broker } = startBroker(url, { options: { prefix } });
  return { broker, witness: await startEyewitness(broker, CHANNEL) };
}

const startNodes = (url: string, prefix = newPrefix()) => Promise.all([startNode(url, prefix), startNode(url, prefix)]);

describe("a failover that loses acknowledged messages", () => {
  test("is a gap for every subscriber that saw one, behind Sentinels, and no id names two contents (P2, P4)", async () => {
    const sentinel = await startSentinel();
    const master = await sentinel.master();
    await losesWrites(sentinel.url, master, {
      cut: () => sentinel.cutReplication(master),
      promoted: () => sentinel.failedOver(master),
    });
  }, 60_000);

  test("is a gap for every subscriber that saw one, on a Cluster, and no id names two contents (P2, P4)", async () => {
    const cluster = await startRedisCluster();
    const key = `{${CHANNEL}}`;
    const master = await cluster.masterOf(key);
    await losesWrites(cluster.url, master, {
      cut: () => cluster.cutReplication(master),
      promoted: () => cluster.failedOver(key, master),
    });
  }, 60_000);
});

async function losesWrites(
  url: string,
  master: RunningRedis,
  { cut, promoted }: { readonly cut: () => Promise<void>; readonly promoted: () => Promise<unknown> },
): Promise<void> {
  const [one, other] = await startNodes(url);
  const kept = await publishAll(one.broker, CHANNEL, named("kept"));
  await hasSent(master);
  await cut();
  const doomed = await publishAll(one.broker, CHANNEL, named("doomed"));
  for (const { witness } of [one, other]) await witness.until("doomed 19");
  await master.kill();
  await promoted();
  // Nobody publishes: who stands on what is lost is told all the same.
  for (const { witness } of [one, other]) await witness.untilGap();
  const later = await publishAll(other.broker, CHANNEL, named("later"));
  for (const { witness } of [one, other]) await witness.until("later 19");

  expect(await lostTexts(one.broker, CHANNEL, doomed)).toEqual(named("doomed"));
  expect(await lostTexts(one.broker, CHANNEL, new Map([...kept, ...later]))).toEqual([]);
  for (const { witness } of [one, other]) expect(witness.gaps).toEqual(["epoch"]);
  expect(idsOfTwoContents(kept, doomed, later, one.witness.saw, other.witness.saw)).toEqual([]);
}

describe("a Redis that comes back with less", () => {
  test("is a gap for every subscriber that saw what an old snapshot has not, and no id names two contents (P2, P4)", async () => {
    const redis = await startRedis();
    const [one, other] = await startNodes(redis.url);
    const kept = await publishAll(one.broker, CHANNEL, named("kept"));
    const then = await redis.snapshot();
    const doomed = await publishAll(other.broker, CHANNEL, named("doomed"));
    for (const { witness } of [one, other]) await witness.until("doomed 19");
    await redis.kill();
    redis.restore(then);
    await redis.start();
    for (const { witness } of [one, other]) await witness.untilGap();
    const later = await publishAll(one.broker, CHANNEL, named("later"));
    for (const { witness } of [one, other]) await witness.until("later 19");

    expect(await lostTexts(one.broker, CHANNEL, doomed)).toEqual(named("doomed"));
    for (const { witness } of [one, other]) expect(witness.gaps).toEqual(["epoch"]);
    expect(idsOfTwoContents(kept, doomed, later, one.witness.saw, other.witness.saw)).toEqual([]);
  }, 60_000);

  test("is a gap where it comes back empty, and the log that is made anew has ids of its own (P2, P4)", async () => {
    const redis = await startRedis();
    const [one, other] = await startNodes(redis.url);
    const doomed = await publishAll(one.broker, CHANNEL, named("doomed"));
    for (const { witness } of [one, other]) await witness.until("doomed 19");
    await redis.kill();
    await redis.start();
    for (const { witness } of [one, other]) await witness.untilGap();
    const later = await publishAll(one.broker, CHANNEL, named("later"));
    for (const { witness } of [one, other]) await witness.until("later 19");
    for (const { witness } of [one, other]) expect(witness.gaps).toEqual(["epoch"]);
    expect(idsOfTwoContents(doomed, later, one.witness.saw, other.witness.saw)).toEqual([]);
  }, 60_000);

  test("costs nothing that was kept: a durable one that was killed gives all of it again (P4)", async () => {
    const redis = await startRedis({ durable: true });
    const [one, other] = await startNodes(redis.url);
    const kept = await publishAll(one.broker, CHANNEL, named("kept"));
    await redis.kill();
    await redis.start();
    for (const { witness } of [one, other]) await witness.untilGap(); // which leads behind whatever was published before it
    const later = await publishAll(other.broker, CHANNEL, named("later"));
    for (const { witness } of [one, other]) await witness.until("later 19");
    expect(await lostTexts(one.broker, CHANNEL, new Map([...kept, ...later]))).toEqual([]);
    expect(idsOfTwoContents(kept, later, one.witness.saw, other.witness.saw)).toEqual([]);
  }, 60_000);
});

describe("a split brain", () => {
  test("is a gap for those on the side that is given up, and no id names two contents (P2, P4)", async () => {
    const master = await startRedis(replicating({}));
    await letReplicasIn(master);
    const replica = await startRedis(replicating({}, `replicaof 127.0.0.1 ${master.port}`));
    await letReplicasIn(replica);
    await hasFollowed(replica);
    const prefix = newPrefix();
    const given = await startNode(master.url, prefix);
    const kept = await publishAll(given.broker, CHANNEL, named("kept"));
    await hasSent(master);

    await cutReplicasOff(master);
    await replica.command("REPLICAOF", "NO", "ONE");
    const winning = await startNode(replica.url, prefix);
    // Both sides take writes, and both count on from the same place.
    const doomed = await publishAll(given.broker, CHANNEL, named("doomed"));
    const won = await publishAll(winning.broker, CHANNEL, named("won"));
    await given.witness.until("doomed 19");
    await winning.witness.until("won 19");

    await master.command("REPLICAOF", "127.0.0.1", replica.port);
    await given.witness.moveTo(winning.broker);
    const later = await publishAll(winning.broker, CHANNEL, named("later"));
    for (const { witness } of [given, winning]) await witness.until("later 19");

    expect(await lostTexts(winning.broker, CHANNEL, doomed)).toEqual(named("doomed"));
    expect(await lostTexts(winning.broker, CHANNEL, new Map([...kept, ...won, ...later]))).toEqual([]);
    expect(given.witness.gaps).toEqual(["epoch"]);
    expect(idsOfTwoContents(kept, doomed, won, later, given.witness.saw, winning.witness.saw)).toEqual([]);
  }, 60_000);
});
