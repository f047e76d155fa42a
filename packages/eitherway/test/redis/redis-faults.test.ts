/** The Redis broker while its Redis, or the way there, is not as it should be. */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Broker, Receipt } from "../../src/core/index.ts";
import { textPayload } from "../../src/protocol/index.ts";
import { createFaultNetwork, type FaultNetwork } from "../../src/testing/index.ts";
import { startSentinel } from "../support/redis/redis-sentinel.ts";
import { eventually, type RunningRedis, startRedis } from "../support/redis/redis-server.ts";
import { subscriberConnections } from "../support/redis/subscriber-connections.ts";
import { type BrokerSetup, newPrefix, startBroker } from "./broker-support.ts";
import { publishAll, startEyewitness } from "./eyewitness.ts";

const CHANNEL = "room/42";
const ALL = { messages: 10_000, bytes: 10_000_000 };
/** As long as a command waits for a Redis that can serve it. */
const PATIENCE_MS = 5_000;
const LINGER_MS = 30_000;
const HOUR = 60 * 60_000;

const plain = (text: string) => ({ event: "message", payload: textPayload(text) });
const keyed = (text: string) => ({ ...plain(text), key: { kind: "foreign", user: "ana", key: text } as const });
const outcomes = (receipts: readonly Receipt[]) => receipts.map((receipt) => (receipt.ok ? "ok" : receipt.error.code));

async function texts(broker: Broker): Promise<readonly unknown[]> {
  const page = await broker.read(CHANNEL, "start", ALL);
  return page.kind === "messages" ? page.messages.map(({ payload }) => payload.data) : [page.kind];
}

/** A broker that has been connected, through a network that can break. */
async function startThrough(setup: BrokerSetup = {}) {
  const redis = await startRedis();
  const network = await createFaultNetwork({ target: redis.port });
  onTestFinished(network.close);
  const started = startBroker(`redis://127.0.0.1:${network.port}`, setup);
  await started.broker.publish(CHANNEL, [plain("first")]);
  return { redis, network, ...started };
}

/** The next answer is lost on its way. */
function loseNextAnswer(network: FaultNetwork): void {
  for (const connection of network.connections) connection.set({ kind: "cut", direction: "down", afterBytes: 1 });
}

describe("a command whose answer is lost", () => {
  test("is applied once where it has a key; of one without nobody can know, and it says so (P5)", async () => {
    const { broker, network } = await startThrough();
    loseNextAnswer(network);
    const receipts = await broker.publish(CHANNEL, [keyed("a"), plain("b"), keyed("c")]);
    expect(outcomes(receipts)).toEqual(["ok", "outcome-unknown", "ok"]);
    expect(await texts(broker)).toEqual(["first", "a", "b", "c"]);
  });

  test("is told in one order with what was published behind it (P1, P5)", async () => {
    const { broker, network } = await startThrough();
    loseNextAnswer(network);
    // More and more come while the first waits to be sent again, and some of them find Redis before it does.
    const names = Array.from({ length: 100 }, (_, n) => `${n}`);
    const published: Promise<readonly Receipt[]>[] = [];
    for (const name of names) {
      published.push(broker.publish(CHANNEL, [keyed(name)]));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(outcomes((await Promise.all(published)).flat())).toEqual(names.map(() => "ok"));
    expect(await texts(broker)).toEqual(["first", ...names]);
  });

  test("is a claim that the same attempt has all the same, and nobody else (P5)", async () => {
    const { broker, network } = await startThrough();
    const request = { print: 1, leaseMs: 10_000, repeatable: false };
    await broker.claim("calls", "other", request); // from now on Redis knows the script
    loseNextAnswer(network);
    expect(await broker.claim("calls", "k", request)).toEqual({ state: "new" });
    expect(await broker.claim("calls", "k", request)).toEqual({ state: "running" });
  });
});

describe("a Redis that is away", () => {
  test("is waited for, and then unavailable with an error that says to come back (P12)", async () => {
    const { broker, clock, redis, logged } = await startThrough();
    await redis.kill();
    await eventually(async () => logged.length > 0); // before it knows, it would send
    const calls = [
      broker.publish(CHANNEL, [keyed("a"), plain("b")]).then(outcomes),
      ...[
        broker.announce(CHANNEL, [plain("a")]),
        broker.read(CHANNEL, "start", ALL),
        broker.readBefore(CHANNEL, undefined, ALL),
        broker.watch(CHANNEL, () => {}),
        broker.claim("calls", "k", { print: 1, leaseMs: 1_000, repeatable: false }),
        broker.settle("calls", "k", { ok: true, answer: undefined }),
      ].map((call) =>
        call.then(
          () => "ok",
          ({ code }) => code,
        ),
      ),
    ];
    const answered = Promise.all(calls);
    await eventually(async () => {
      clock.leap(PATIENCE_MS);
      return (await Promise.race([answered, Promise.resolve(undefined)])) !== undefined;
    });
    expect(await answered).toEqual([["unavailable", "unavailable"], ...Array(6).fill("unavailable")]);
    await redis.start();
    expect(outcomes(await broker.publish(CHANNEL, [plain("c")]))).toEqual(["ok"]);
  });

  test("lets nothing pile up beyond limits.unflushedBytes: what is too much is refused at once (P6)", async () => {
    const { broker, redis } = await startThrough({ limits: { unflushedBytes: 10_000 } });
    redis.pause();
    const large = "x".repeat(3_000);
    const published = Array.from({ length: 5 }, (_, n) => broker.publish(CHANNEL, [keyed(`${n}${large}`)]));
    expect(outcomes((await Promise.all(published.slice(3))).flat())).toEqual(["unavailable", "unavailable"]);
    redis.resume();
    expect(outcomes((await Promise.all(published)).flat())).toEqual(["ok", "ok", "ok", "unavailable", "unavailable"]);
    expect(await texts(broker)).toHaveLength(4);
  });

  test("of which every connection is cut again and again loses nothing for subscribers, and doubles nothing (P1, P2, P5)", async () => {
    const { broker, network } = await startThrough();
    const witness = await startEyewitness(broker, CHANNEL);
    const names = Array.from({ length: 60 }, (_, n) => `${n}`);
    for (const [n, name] of names.entries()) {
      if (n % 10 === 5) network.cutAll();
      await publishAll(broker, CHANNEL, [name]);
    }
    await witness.until("59");
    expect([...witness.saw.values()]).toEqual(["first", ...names]);
    expect(witness.gaps).toEqual([]);
  });
});

test("Sentinels that are away stop nothing, are told of once in the log, and are listened to again as soon as they are back (P12)", async () => {
  const printed = vi.spyOn(console, "error"); // where ioredis complains of errors that nobody has asked for
  onTestFinished(() => printed.mockRestore());
  const { ports, name } = await startSentinel();
  const ways = await Promise.all(ports.map((target) => createFaultNetwork({ target })));
  for (const way of ways) onTestFinished(way.close);
  const all = async (): Promise<boolean> => ways.every(({ connections }) => connections.length > 0);
  const hosts = ways.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const { broker, logged } = startBroker(`redis+sentinel://${hosts}/${name}`);
  await broker.publish(CHANNEL, [plain("a")]);
  await eventually(all);

  for (const way of ways) {
    way.set({ kind: "refuse" });
    way.cutAll();
  }
  await eventually(async () => logged.length > 0);
  expect(outcomes(await broker.publish(CHANNEL, [plain("b")]))).toEqual(["ok"]);
  for (const way of ways) way.set({ kind: "none" });
  await eventually(all);
  expect(await texts(broker)).toEqual(["a", "b"]);
  expect(new Set(logged).size, logged.join("\n")).toBe(logged.length);
  expect(printed).not.toHaveBeenCalled();
}, 20_000);

describe("a Redis that is full", () => {
  test("answers storage-full, keeps what it had, and takes more when there is room again (P4, P6)", async () => {
    const { broker, redis, logged } = await startThrough();
    await redis.command("CONFIG", "SET", "maxmemory", 1);
    for (let times = 0; times < 2; times++)
      expect(outcomes(await broker.publish(CHANNEL, [keyed("a"), keyed("b")]))).toEqual([
        "storage-full",
        "storage-full",
      ]);
    expect(logged).toEqual([expect.stringMatching(/^redis failed .*OOM/)]);
    expect(await texts(broker)).toEqual(["first"]);
    await redis.command("CONFIG", "SET", "maxmemory", 0);
    expect(outcomes(await broker.publish(CHANNEL, [keyed("a")]))).toEqual(["ok"]);
    expect(await texts(broker)).toEqual(["first", "a"]);
  });

  test("and would evict is told of in the log when a node connects, one that keeps all or has no bound is not", async () => {
    const kinds = [
      ["maxmemory 100mb", "maxmemory-policy allkeys-lru"],
      ["maxmemory 100mb", "maxmemory-policy noeviction"],
      ["maxmemory 0", "maxmemory-policy allkeys-lru"],
    ];
    const started = await Promise.all(
      kinds.map(async (config) => {
        const { url } = await startRedis({ config });
        return startBroker(url);
      }),
    );
    const [evicting, ...others] = started;
    await eventually(async () => evicting?.logged.length === 1);
    expect(evicting?.logged[0]).toMatch(/^redis unfit .*maxmemory-policy allkeys-lru.*set noeviction/);
    for (const { broker, logged } of others) {
      await broker.publish(CHANNEL, [plain("a")]); // answered behind what was asked at first
      expect(logged).toEqual([]);
    }
  });

  test("and evicts a log that is still in use makes that a gap, not a silence (P2)", async () => {
    const { redis } = await startThrough();
    const prefix = newPrefix();
    const { broker } = startBroker(redis.url, { options: { prefix } });
    const [receipt] = await broker.publish(CHANNEL, [plain("a"), plain("b")]);
    await redis.command("DEL", `${prefix}{${CHANNEL}}:log`);
    const page = await broker.read(CHANNEL, receipt?.ok ? receipt.id : "", ALL);
    expect(page).toMatchObject({ kind: "gap", why: "trimmed" });
    await broker.publish(CHANNEL, [plain("c")]);
    expect(await texts(broker)).toEqual(["c"]);
  });
});

test("a Redis that has forgotten the scripts is told them again", async () => {
  const { broker, redis } = await startThrough();
  await redis.command("SCRIPT", "FLUSH");
  expect(outcomes(await broker.publish(CHANNEL, [plain("a")]))).toEqual(["ok"]);
  expect(await texts(broker)).toEqual(["first", "a"]);
});

test("a subscription whose connection carries nothing any more is taken anew by reread, which tells what was missed (P2, P11)", async () => {
  const { broker, redis, network } = await startThrough();
  const witness = await startEyewitness(broker, CHANNEL);
  const dead = await subscriberConnections(network, redis);
  for (const connection of dead) connection.set({ kind: "half-open" });
  const names = Array.from({ length: 10 }, (_, n) => `${n}`);
  await publishAll(broker, CHANNEL, names);
  expect([...witness.saw.values()]).toEqual(["first"]);
  await broker.reread?.();
  const taken = await subscriberConnections(network, redis);
  expect(taken.filter((connection) => !dead.includes(connection))).toHaveLength(1);
  await witness.until("9");
  await publishAll(broker, CHANNEL, ["live again"]);
  await witness.until("live again");
  expect([...witness.saw.values()]).toEqual(["first", ...names, "live again"]);
  expect(witness.gaps).toEqual([]);
});

test("what is appended while the subscription is away is told once it is back, though nothing follows (P2)", async () => {
  const { broker, redis, network } = await startThrough();
  const witness = await startEyewitness(broker, CHANNEL);
  network.set({ kind: "refuse" });
  for (const connection of await subscriberConnections(network, redis)) connection.cut();
  const names = Array.from({ length: 10 }, (_, n) => `${n}`);
  await publishAll(broker, CHANNEL, names);
  network.set({ kind: "none" });
  await witness.until("9");
  expect([...witness.saw.values()]).toEqual(["first", ...names]);
  expect(witness.gaps).toEqual([]);
});

test("replicated: what no replica has within a second is outcome-unknown, and nothing is lost when one is there again (P4, P5)", async () => {
  const sentinel = await startSentinel();
  const { broker } = startBroker(sentinel.url, { options: { durability: "replicated" } });
  expect(outcomes(await broker.publish(CHANNEL, [keyed("a")]))).toEqual(["ok"]);
  const [, replica] = sentinel.servers;
  replica?.pause();
  expect(outcomes(await broker.publish(CHANNEL, [keyed("b"), plain("c")]))).toEqual([
    "outcome-unknown",
    "outcome-unknown",
  ]);
  replica?.resume();
  expect(outcomes(await broker.publish(CHANNEL, [keyed("b"), keyed("d")]))).toEqual(["ok", "ok"]);
  expect(await texts(broker)).toEqual(["a", "b", "c", "d"]);
});

test("a channel costs no command, no timer and no subscription half a minute after its last subscriber (P6)", async () => {
  const redis = await startRedis();
  const { broker, clock } = startBroker(redis.url);
  const stops = await Promise.all(["a", "b", "c"].map((channel) => broker.watch(channel, () => {})));
  await broker.publish("a", [plain("1")]);
  const monitor = await watchCommands(redis);
  const spend = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= LINGER_MS / 6) {
      clock.leap(LINGER_MS / 6);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  await spend(HOUR);
  expect((await monitor.heard()).length, "a log that is watched is kept").toBeGreaterThan(0);
  for (const stop of stops) stop();
  await spend(LINGER_MS);
  await monitor.heard();
  expect(await redis.command("PUBSUB", "CHANNELS")).toBe("");
  expect(broker.sizes().channels).toBe(0);
  await spend(2 * HOUR);
  expect(await monitor.heard()).toEqual([]);
});

/**
 * What Redis does about channels named `a` to `c`, as MONITOR shows it. A node also looks once a second for what is due, whatever there is.
 * Read from the socket: a client of Redis breaks off where the first command of another one comes in one read with the answer to MONITOR.
 */
async function watchCommands(redis: RunningRedis): Promise<{ heard(): Promise<readonly string[]> }> {
  const socket = connect(redis.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const lines: string[] = [];
  createInterface({ input: socket }).on("line", (line) => lines.push(line));
  socket.write("MONITOR\r\n");
  await eventually(async () => lines.includes("+OK"));
  return {
    /** Since the last call; a mark comes after all that was sent before it. */
    async heard() {
      const mark = `mark ${Math.random()}`;
      await redis.command("ECHO", mark);
      await eventually(async () => lines.some((line) => line.includes(mark)));
      return lines.splice(0).filter((line) => /\{[abc]\}/.test(line) && !/^\S+ \[\d+ lua\]/.test(line)); // what a script does is part of it
    },
  };
}
