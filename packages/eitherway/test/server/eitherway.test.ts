import { describe, expect, test } from "vitest";
import { type BrokerParts, createMemoryBroker, DEFAULT_LIMITS } from "../../src/core/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { createTestServer, type TestServer } from "./support.ts";

async function history(server: TestServer, channel: string): Promise<Record<string, unknown>[]> {
  return JSON.parse((await server.ask({ path: `/channels/${channel}` })).text).messages;
}

describe("publish", () => {
  test("takes JSON, text and bytes, each as what it is (P4)", async () => {
    const server = createTestServer();
    const { publish } = server.eitherway;
    const ids = [
      await publish("a", { text: "hi" }),
      await publish("a", "hi"),
      await publish("a", "hi", { kind: "text", event: "note" }),
      await publish("a", new Uint8Array([1, 2, 255])),
      await publish("a", null),
    ].map(({ id }) => id);
    expect(await history(server, "a")).toMatchObject([
      { id: ids[0], event: "message", data: { text: "hi" } },
      { id: ids[1], data: "hi" },
      { id: ids[2], event: "note", text: "hi" },
      { id: ids[3], bytes: "AQL/" },
      { id: ids[4], data: null },
    ]);
  });

  test("keeps bytes as they were, whatever happens to the caller's buffer while publish waits", async () => {
    const server = createTestServer({ limits: { unflushedBytes: 1 } });
    await server.ask({
      method: "POST",
      path: "/stream",
      body: '{"t":"hello","v":1,"client":"c1","channels":{"a":"now"}}',
    });
    const pool = Buffer.from([7, 1, 2, 3, 7]);
    const published = [server.eitherway.publish("a", "first"), server.eitherway.publish("a", pool.subarray(1, 4))];
    await Promise.resolve();
    expect(server.eitherway.stats().unflushedBytes).toBeGreaterThan(1); // so the second one has to wait
    pool.fill(9);
    await server.clock.settle();
    await Promise.all(published);
    expect(await history(server, "a")).toMatchObject([{ data: "first" }, { bytes: "AQID" }]);
  });

  test("says whose message it is where it is told", async () => {
    const server = createTestServer();
    await server.eitherway.publish("a", 1, { from: "ana" });
    await server.eitherway.publish("a", 2);
    const [first, second] = await history(server, "a");
    expect(first).toMatchObject({ from: "ana" });
    expect(second).not.toHaveProperty("from");
  });

  test("applies a key once and gives the first id again (P5)", async () => {
    const server = createTestServer();
    const { publish } = server.eitherway;
    const first = await publish("a", 1, { key: "order-1" });
    expect(await publish("a", 1, { key: "order-1" })).toEqual(first);
    await expect(publish("a", 2, { key: "order-1" })).rejects.toMatchObject({ code: "key-reused" });
    expect(await history(server, "a")).toHaveLength(1);
  });

  test.each<[string, string, unknown, object]>([
    ["bad-channel", "a//b", 1, {}],
    ["reserved-channel", "@a", 1, {}],
    ["bad-event", "a", 1, { event: "" }],
    ["bad-key", "a", 1, { key: "" }],
    ["bad-json", "a", undefined, {}],
    ["bad-json", "a", 1n, {}],
    ["bad-utf8", "a", "\ud800", { kind: "text" }],
    ["bad-request", "a", 1, { kind: "text" }],
    ["bad-request", "a", "x", { kind: "bytes" }],
    ["bad-request", "a", 1, { from: "" }],
    ["bad-request", "a", 1, { from: "x".repeat(129) }],
    ["bad-request", "a", "x", { kind: "xml" as "text" }], // from JavaScript, where no type forbids it
    ["too-large", "a", "x".repeat(70_000), { kind: "text" }],
  ])("refuses with %s and keeps nothing (P12)", async (code, channel, data, options) => {
    const server = createTestServer();
    await expect(server.eitherway.publish(channel, data, options)).rejects.toMatchObject({ code });
    expect(server.eitherway.stats().broker).toMatchObject({ logBytes: 0 });
  });
});

describe("close", () => {
  test("says bye to every link, with a time to come back, and ends at once when they are gone (P10)", async () => {
    const server = createTestServer();
    const socket = await server.upgrade();
    socket.send('{"t":"hello","v":1,"client":"c1","channels":{"a":"now"}}');
    await server.clock.settle();
    socket.read();
    const closed = server.eitherway.close();
    await server.clock.settle();
    expect(socket.read().map((text) => JSON.parse(String(text)))).toMatchObject([{ t: "bye", code: "drain" }]);
    expect(socket.closed).toEqual({ number: 4000, reason: "drain" });
    await closed;
    expect(server.eitherway.stats()).toMatchObject({ links: 0, watched: 0, timers: 0 });
  });

  test("tells its subscribers what was published just before, and then says bye (P1, P10)", async () => {
    const server = createTestServer();
    const socket = await server.upgrade();
    socket.send('{"t":"hello","v":1,"client":"c1","channels":{"a":"now"}}');
    await server.clock.settle();
    socket.read();
    await server.eitherway.publish("a", "the last word");
    const closed = server.eitherway.close();
    await server.clock.settle();
    const heard = socket.read().map((text) => JSON.parse(String(text)));
    expect(heard).toMatchObject([
      { t: "messages", m: [{ d: "the last word" }] },
      { t: "bye", code: "drain" },
    ]);
    await closed;
  });

  test("may be called again, and refuses what is published later", async () => {
    const { eitherway } = createTestServer();
    expect(eitherway.close()).toBe(eitherway.close());
    await expect(eitherway.publish("a", 1)).rejects.toMatchObject({ code: "closed" });
  });

  test("closes the broker that it was given", async () => {
    let closed = false;
    const parts = { clock: createFakeClock(), random: () => 0.5, limits: DEFAULT_LIMITS };
    const broker = {
      ...createMemoryBroker(parts),
      close: async () => {
        closed = true;
      },
    };
    await createTestServer({ broker: () => broker }).eitherway.close();
    expect(closed).toBe(true);
  });
});

test("a broker of the application's own is made with the server's limits, retention and key window", async () => {
  let given: BrokerParts | undefined;
  const server = createTestServer({
    limits: { keys: 7 },
    retention: { messages: 1 },
    keyWindowMs: "9s",
    broker(parts) {
      given = parts;
      return createMemoryBroker(parts);
    },
  });
  expect(given).toMatchObject({ limits: { keys: 7 }, retention: { messages: 1 }, keyWindowMs: 9_000 });
  await server.eitherway.publish("a", 1);
  await server.eitherway.publish("a", 2);
  expect(await history(server, "a")).toMatchObject([{ data: 2 }]);
});

test("options reach their owners: limits the doors, ping the welcome, retention the logs", async () => {
  const server = createTestServer({
    limits: { messageBytes: 10 },
    retention: { messages: 1 },
    pingMs: "7s",
    keyWindowMs: "9s",
  });
  await expect(server.eitherway.publish("a", "x".repeat(11), { kind: "text" })).rejects.toMatchObject({
    code: "too-large",
  });
  await server.eitherway.publish("a", 1);
  await server.eitherway.publish("a", 2);
  expect(await history(server, "a")).toMatchObject([{ data: 2 }]);
  const body = '{"t":"hello","v":1,"client":"c1","channels":{}}';
  const { text } = await server.ask({ method: "POST", path: "/stream", body });
  expect(text).toMatch(/"ping":7000,"keyWindow":9000,"limits":\{"messageBytes":10,/);
});
