/** Calls that run, over the two HTTP transports: asked for again until they are answered. The server is played by the test. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { createCommand } from "../../src/client/command.ts";
import { pollTransport } from "../../src/client/transports/poll.ts";
import { sseTransport } from "../../src/client/transports/sse.ts";
import { createAsker } from "../../src/client/typed/ask-again.ts";
import { jsonPayload, type ServerFrame } from "../../src/protocol/index.ts";
import type { FakeRequest } from "./fake-network.ts";
import { openCommands } from "./open-commands.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const call = (key: string, data: unknown = 1) =>
  createCommand({ t: "call", key, channel: "room", name: "send", payload: jsonPayload(data) }, createAsker);
const publish = (key: string) =>
  createCommand({ t: "publish", key, channel: "room", event: "message", payload: jsonPayload(1) });

const running = (key: string): ServerFrame => ({ t: "running", key });
const ok = (key: string): ServerFrame => ({ t: "ok", key, answer: jsonPayload(key) });
const refused = (key: string): ServerFrame => ({ t: "error", key, code: "unavailable", message: "" });

/** An ask is not given up for a newcomer before it is this old. */
const LEAST_MS = 1_000;

describe.each([
  ["sse", sseTransport],
  ["poll", pollTransport],
])("calls that run, over %s", (_name, transport) => {
  async function open() {
    const { client, link, commands } = await openCommands(transport);
    return {
      client,
      link,
      batches: () => commands().filter(({ body }) => !body.includes('"wait"')),
      asks: () => commands().filter(({ body }) => body.includes('"wait":25')),
      async pass(ms = 0) {
        await client.clock.settle();
        client.clock.advance(ms);
        await client.clock.settle();
      },
    };
  }
  type Opened = Awaited<ReturnType<typeof open>>;

  /** Commands that were sent in one batch and answered with these frames. */
  async function sent({ link, batches, pass }: Opened, calls: readonly string[], ...answers: ServerFrame[]) {
    for (const key of calls) link.publish(call(key));
    await pass();
    batches()
      .at(-1)
      ?.lines(...answers);
    await pass();
  }
  const keysOf = (request: FakeRequest | undefined) =>
    request?.body
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line).k);

  test("are asked for again together, in a request that may wait, while other commands go on (P5)", async () => {
    const opened = await open();
    const { client, link, batches, asks, pass } = opened;
    await sent(opened, ["k1", "k2", "k3"], running("k1"), ok("k2"), running("k3"));
    expect(client.log).toEqual(["running k1", "ok k2", "running k3"]);
    expect(asks().map(keysOf)).toEqual([["k1", "k3"]]);
    link.publish(publish("k4"));
    await pass();
    expect(keysOf(batches()[1])).toEqual(["k4"]);
    asks()[0]?.lines(ok("k1"), running("k3"));
    await pass();
    expect(client.log.slice(3)).toEqual(["ok k1", "running k3"]);
    expect(asks().map(keysOf)).toEqual([["k1", "k3"], ["k3"]]);
    asks()[1]?.lines(ok("k3"));
    await pass(5_000);
    expect(asks()).toHaveLength(2);
  });

  test("messages that wait for their windows go again with a later batch, and hold up nothing (P5)", async () => {
    const opened = await open();
    const { client, link, batches, asks, pass } = opened;
    for (const key of ["k1", "k2"]) link.publish(publish(key));
    await pass();
    batches()[0]?.lines(running("k1"), running("k2"));
    await pass();
    link.publish(publish("k3"));
    await pass();
    expect(batches().map(keysOf)).toEqual([["k1", "k2"], ["k3"]]);
    batches()[1]?.lines(ok("k3"));
    await pass(500);
    expect(batches().map(keysOf)).toEqual([["k1", "k2"], ["k3"], ["k1", "k2"]]);
    batches()[2]?.lines(ok("k1"), running("k2"));
    await pass(499);
    expect(batches()).toHaveLength(3);
    await pass(1);
    batches()[3]?.lines(ok("k2"));
    await pass(5_000);
    expect(batches()).toHaveLength(4);
    expect(client.log).toEqual(["running k1", "running k2", "ok k3", "ok k1", "running k2", "ok k2"]);
    expect(asks()).toEqual([]);
  });

  test("a link that closes asks for no window any more", async () => {
    const opened = await open();
    const { client, link, batches, pass } = opened;
    link.publish(publish("k1"));
    await pass();
    batches()[0]?.lines(running("k1"));
    await pass();
    link.close();
    await pass(5_000);
    expect([batches().length, client.clock.pending]).toEqual([1, 0]);
  });

  test("join an ask that waits once it is a second old: they need one connection", async () => {
    const opened = await open();
    const { client, asks, pass } = opened;
    await sent(opened, ["k1"], running("k1"));
    await sent(opened, ["k2"], running("k2"));
    await sent(opened, ["k3"], running("k3"));
    expect(asks().map(({ aborted }) => aborted)).toEqual([false]);
    await pass(LEAST_MS);
    expect(asks().map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(keysOf(asks()[1])).toEqual(["k2", "k3", "k1"]);
    expect(client.log).toEqual(["running k1", "running k2", "running k3"]); // what was given up is no failure
  });

  test("are not asked for without a pause by a server that does not wait", async () => {
    const opened = await open();
    const { asks, pass } = opened;
    await sent(opened, ["k1"], running("k1"));
    for (let asked = 1; asked <= 3; asked++) {
      expect(asks()).toHaveLength(asked);
      asks().at(-1)?.lines(running("k1"));
      await pass(LEAST_MS - 100);
      expect(asks()).toHaveLength(asked);
      await pass(100);
    }
  });

  test("that do not fit into one request have their turn in the next, newcomers first", async () => {
    const opened = await open();
    const { link, batches, asks, pass } = opened;
    for (const key of ["k1", "k2", "k3"]) link.publish(call(key, "x".repeat(1_500)));
    await pass();
    batches()[0]?.lines(running("k1"), running("k2"));
    await pass();
    batches()[1]?.lines(running("k3"));
    await pass(LEAST_MS);
    expect(keysOf(asks().at(-1))).toEqual(["k3", "k1"]);
    asks().at(-1)?.lines(running("k3"), running("k1"));
    await pass(LEAST_MS);
    expect(keysOf(asks().at(-1))).toEqual(["k2", "k3"]);
  });

  test.each<[string, (ask: FakeRequest | undefined) => void, RegExp]>([
    ["a network that fails", (ask) => ask?.fail("cut"), /^returned k1,k2 cut$/],
    [
      "a server that goes away",
      (ask) => ask?.answer('{"error":{"code":"drain","message":""}}', { status: 503 }),
      /^returned k1,k2 drain$/,
    ],
    [
      "an answer that is not complete",
      (ask) => ask?.lines(running("k1")),
      /^returned k1,k2 the answer to running calls/,
    ],
    ["rubbish", (ask) => ask?.answer("<html>"), /^returned k1,k2 what came is no frame/],
  ])("come back after %s, to be put in order and sent again (P5)", async (_what, fail, expected) => {
    const opened = await open();
    const { client, asks, pass } = opened;
    await sent(opened, ["k1", "k2"], running("k1"), running("k2"));
    fail(asks()[0]);
    await pass();
    expect(client.log.at(-1)).toMatch(expected);
    await pass(10_000);
    expect(asks()).toHaveLength(1);
  });

  test("that the server refuses for now are told so, and those behind are asked for again (P5)", async () => {
    const opened = await open();
    const { client, asks, pass } = opened;
    await sent(opened, ["k1", "k2"], running("k1"), running("k2"));
    asks()[0]?.lines(refused("k1"));
    await pass();
    expect(client.log.at(-1)).toBe("error k1");
    expect(keysOf(asks()[1])).toEqual(["k2"]);
  });

  test("end with the link", async () => {
    const opened = await open();
    const { client, link, asks, pass } = opened;
    await sent(opened, ["k1"], running("k1"));
    link.close();
    await pass(5_000);
    expect(asks().map(({ aborted }) => aborted)).toEqual([true]);
    expect([client.log, client.clock.pending]).toEqual([["running k1"], 0]);
  });

  test("an answer that never comes is given up after 30 s", async () => {
    const opened = await open();
    const { client, asks, pass } = opened;
    await sent(opened, ["k1"], running("k1"));
    await pass(29_000);
    expect(asks()[0]?.aborted).toBe(false);
    await pass(1_000);
    expect(client.log.at(-1)).toBe("returned k1 aborted");
  });
});
