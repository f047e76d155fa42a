/** What falls due in Redis is done once, by any node that lives, also when the node whose it was does not any more. */
import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Broker, Presence, Streams } from "../../src/core/index.ts";
import { presenceLog, textPayload } from "../../src/protocol/index.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { eventually, type RunningRedis, startRedis } from "../support/redis/redis-server.ts";
import { type BrokerSetup, newPrefix, type StartedBroker, startBroker } from "./broker-support.ts";

const CHANNEL = "room/42";
const LOG = presenceLog(CHANNEL);
const STREAM = "@stream/job/7/answer";
const LEASE_MS = 10_000;
const HOUR = 60 * 60_000;
const ALL = { messages: 10_000, bytes: 10_000_000 };

const entry = (member: string, state = "1") => ({ member, holder: member, state });

describe("what a node that is gone has left", () => {
  test("is one leave of each of its members, whichever of the others sees it first (P8)", async () => {
    const { redis, nodes } = await startNodes(3);
    const [gone, ...others] = nodes;
    const names = Array.from({ length: 20 }, (_, n) => `m${n}`);
    await Promise.all(names.map((name) => presenceOf(gone).touch(CHANNEL, entry(name), LEASE_MS)));
    await presenceOf(others[0]).touch(CHANNEL, entry("m0"), 2 * LEASE_MS);
    await gone?.broker.close();
    await pass(redis, others, LEASE_MS + 500);
    const told = await toldBy(others[0]);
    expect(told.filter((event) => event.startsWith("leave")).sort()).toEqual(
      names
        .slice(1)
        .map((name) => `leave {"member":"${name}"}`)
        .sort(),
    );
    expect(await membersBy(others[1])).toEqual(["m0"]);
  });

  test("waits for the next node where none lives (P8)", async () => {
    const { redis, nodes, another } = await startNodes(1);
    const [gone] = nodes;
    await presenceOf(gone).touch(CHANNEL, entry("ana"), LEASE_MS);
    const hold = await streamsOf(gone).open(STREAM, LEASE_MS);
    await streamsOf(gone).append(hold, textPayload("half an ans"));
    await gone?.broker.close();
    redis.advance(HOUR);
    const next = another();
    await eventually(async () => (await membersBy(next)).length === 0);
    expect(await toldBy(next)).toEqual(['leave {"member":"ana"}']); // an hour is the retention of the join
    await eventually(async () => (await contentOf(next)).length === 2);
    expect((await contentOf(next))[1]).toContain("producer-lost");
  });

  test("is one end of its stream, however many others see it (P12)", async () => {
    const { redis, nodes } = await startNodes(3);
    const [gone, ...others] = nodes;
    const hold = await streamsOf(gone).open(STREAM, LEASE_MS);
    await streamsOf(gone).append(hold, textPayload("half an ans"));
    await gone?.broker.close();
    await pass(redis, others, LEASE_MS + 500);
    await pass(redis, others, 2 * LEASE_MS);
    const content = await contentOf(others[0]);
    expect(content).toHaveLength(2);
    expect(content[1]).toContain("producer-lost");
  });

  test("is told though it waited for its window (P6, P8)", async () => {
    const { redis, nodes } = await startNodes(2, { limits: { presenceDiffs: 2 } });
    const [gone, other] = nodes;
    for (const name of ["a", "b", "c"]) await presenceOf(gone).touch(CHANNEL, entry(name), LEASE_MS);
    expect(await membersBy(other)).toEqual(["a", "b"]);
    await gone?.broker.close();
    await pass(redis, other ? [other] : [], 1_500);
    expect(await membersBy(other)).toEqual(["a", "b", "c"]);
  });
});

describe("leases while Redis is away", () => {
  test("go on for those who live: nobody leaves because nobody could renew (P8)", async () => {
    const redis = await startRedis({ movableClock: true, durable: true });
    const node = startBroker(redis.url);
    await presenceOf(node).touch(CHANNEL, entry("ana"), LEASE_MS);
    await presenceOf(node).touch(CHANNEL, entry("bo"), LEASE_MS);
    await redis.kill();
    await eventually(async () => (node.counters.all["redis.looks.failed"] ?? 0) > 0);
    redis.advance(3 * LEASE_MS);
    await redis.start();
    const looked = () => node.counters.all["redis.looked"] ?? 0;
    const before = looked();
    await eventually(async () => looked() > before + 1); // Redis answers, and says that all leases are over
    await eventually(async () => (await presenceOf(node).renew(["ana"], LEASE_MS)) === undefined);
    await pass(redis, [node], LEASE_MS - 1_000);
    await presenceOf(node).renew(["ana"], LEASE_MS);
    await pass(redis, [node], 2_000);
    expect(await toldBy(node)).toEqual([
      'join {"member":"ana","state":1}',
      'join {"member":"bo","state":1}',
      'leave {"member":"bo"}',
    ]);
  });
});

describe("a command of a stream or of presence whose answer is lost", () => {
  test("is done once: no piece twice, one end (P1, P5)", async () => {
    const { network, node } = await startThroughNetwork();
    const streams = streamsOf(node);
    const hold = await streams.open(STREAM, LEASE_MS);
    await streams.append(hold, textPayload("1"));
    for (const step of [
      () => streams.append(hold, textPayload("2")),
      () => Promise.all(["3", "4"].map((text) => streams.append(hold, textPayload(text)))),
      () => streams.finish(hold),
    ]) {
      for (const connection of network.connections) connection.set({ kind: "cut", direction: "down", afterBytes: 1 });
      await step();
    }
    expect(await contentOf(node)).toEqual(["piece 1", "piece 2", "piece 3", "piece 4", "end null"]);
  });

  test("is one join, one leave (P5, P8)", async () => {
    const { network, node } = await startThroughNetwork();
    const key = (counter: number) => ({ kind: "counted", user: "ana", client: "c1", counter }) as const;
    for (const step of [
      () => presenceOf(node).touch(CHANNEL, { ...entry("ana"), key: key(1) }, LEASE_MS),
      () => presenceOf(node).leave(CHANNEL, { member: "ana", holder: "ana", key: key(2) }),
    ]) {
      for (const connection of network.connections) connection.set({ kind: "cut", direction: "down", afterBytes: 1 });
      await step();
    }
    expect(await toldBy(node)).toEqual(['join {"member":"ana","state":1}', 'leave {"member":"ana"}']);
  });
});

/** Brokers of one system over one Redis. */
async function startNodes(count: number, setup: BrokerSetup = {}) {
  const redis = await startRedis({ movableClock: true });
  const options = { prefix: newPrefix() };
  const another = (): StartedBroker => startBroker(redis.url, { ...setup, options });
  const nodes = Array.from({ length: count }, another);
  await Promise.all(nodes.map(({ broker }) => broker.read(CHANNEL, "now", ALL)));
  return { redis, nodes, another };
}

async function startThroughNetwork() {
  const redis = await startRedis();
  const network = await createFaultNetwork({ target: redis.port });
  onTestFinished(network.close);
  const node = startBroker(`redis://127.0.0.1:${network.port}`);
  await node.broker.read(CHANNEL, "now", ALL);
  return { network, node };
}

/** So far a node leaps without thinking that it stood still. */
const STEP_MS = 1_900;

async function pass(redis: RunningRedis, nodes: readonly StartedBroker[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) {
    const step = Math.min(left, STEP_MS);
    await Promise.all(nodes.map(nothingIsUnderWay));
    redis.advance(step);
    for (const { clock } of nodes) clock.leap(step);
    await Promise.all(nodes.map(nothingIsUnderWay));
  }
}

async function nothingIsUnderWay({ counters }: StartedBroker): Promise<void> {
  while (counters.all["redis.looks"] !== counters.all["redis.looked"]) await setImmediate();
}

function presenceOf(node: StartedBroker | undefined): Presence {
  return node?.broker.presence ?? expect.fail("a broker with presence was expected");
}

function streamsOf(node: StartedBroker | undefined): Streams {
  return node?.broker.streams ?? expect.fail("a broker with streams was expected");
}

async function membersBy(node: StartedBroker | undefined): Promise<string[]> {
  const { members } = await presenceOf(node).list(CHANNEL);
  return members.map(({ member }) => member);
}

/** Event and payload of every change. */
async function toldBy(node: StartedBroker | undefined): Promise<string[]> {
  return node ? messagesOf(node.broker, LOG) : [];
}

async function contentOf(node: StartedBroker | undefined): Promise<string[]> {
  return node ? messagesOf(node.broker, STREAM) : [];
}

async function messagesOf(broker: Broker, log: string): Promise<string[]> {
  const page = await broker.readBefore(log, undefined, ALL);
  return (page?.messages ?? []).map(({ event, payload }) => `${event} ${String(payload.data)}`);
}
