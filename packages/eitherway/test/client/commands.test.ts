/** Commands of the two HTTP transports, against a server that the test plays. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { createCommand } from "../../src/client/command.ts";
import { pollTransport } from "../../src/client/transports/poll.ts";
import { sseTransport } from "../../src/client/transports/sse.ts";
import { jsonPayload, type ServerFrame } from "../../src/protocol/index.ts";
import { openCommands } from "./open-commands.ts";
import { idOf } from "./support.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const command = (key: string, data: unknown = 1) =>
  createCommand({ t: "publish", key, channel: "room", event: "message", payload: jsonPayload(data) });
const ok = (key: string): ServerFrame => ({ t: "ok", key, id: idOf(1) });

describe.each([
  ["sse", sseTransport],
  ["poll", pollTransport],
])("commands over %s", (_name, transport) => {
  /** With a link that is open; `requests` has the ones of the commands door only. */
  async function open() {
    const { client, link, commands } = await openCommands(transport);
    return { client, link, batches: commands };
  }
  const keysOf = (body: string) =>
    body
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line).k);

  test("go in batches, one in flight, each within the limits of the server (P5)", async () => {
    const { client, link, batches } = await open();
    for (const key of ["k1", "k2", "k3", "k4", "k5"]) link.publish(command(key));
    await client.clock.settle();
    expect(batches().map(({ body }) => keysOf(body))).toEqual([["k1", "k2", "k3", "k4"]]);
    link.publish(command("k6"));
    batches()[0]?.lines(ok("k1"), ok("k2"), ok("k3"), ok("k4"));
    await client.clock.settle();
    expect(batches().map(({ body }) => keysOf(body))[1]).toEqual(["k5", "k6"]);
    expect(client.log).toEqual(["ok k1", "ok k2", "ok k3", "ok k4"]);
  });

  test("are no sign of life: what the link listens to may be dead all the same", async () => {
    const { client, link, batches } = await open();
    const { alive } = client;
    expect(alive).toBeGreaterThan(0);
    link.publish(command("k1"));
    await client.clock.settle();
    batches()[0]?.lines(ok("k1"));
    await client.clock.settle();
    expect([client.log, client.alive]).toEqual([["ok k1"], alive]);
  });

  test("fill a batch up to the bytes that a request may have", async () => {
    const { client, link, batches } = await open();
    for (const key of ["k1", "k2", "k3"]) link.publish(command(key, "x".repeat(1_500)));
    await client.clock.settle();
    expect(batches().map(({ body }) => keysOf(body))).toEqual([["k1", "k2"]]);
  });

  test("give back what a batch did not come to, and what waits behind it, in order (P5)", async () => {
    const { client, link, batches } = await open();
    for (const key of ["k1", "k2", "k3", "k4", "k5"]) link.publish(command(key));
    await client.clock.settle();
    batches()[0]?.lines(ok("k1"), { t: "error", key: "k2", code: "unavailable", message: "" });
    await client.clock.settle();
    expect(client.log).toEqual(["ok k1", "error k2", "returned k3,k4", "returned k5"]);
    expect(batches()).toHaveLength(1);
  });

  test("do not count as untried where an answer ends too early (P5)", async () => {
    const { client, link, batches } = await open();
    for (const key of ["k1", "k2"]) link.publish(command(key));
    await client.clock.settle();
    batches()[0]?.lines(ok("k1"));
    await client.clock.settle();
    expect(client.log).toEqual(["ok k1", "returned k2 the answer to a batch of commands is not complete"]);
  });

  test.each([
    ["a refusal", 503, '{"error":{"code":"drain","message":""}}', "returned k1 drain"],
    ["an answer of something in between", 502, "<html>", "returned k1  answered 502"],
    ["an answer of something that speaks JSON", 502, "null", "returned k1  answered 502"],
    ["an empty answer", 200, "", "returned k1 the answer to a batch of commands is not complete"],
    ["rubbish", 200, "<html>", /^returned k1 what came is no frame: The frame is not JSON/],
  ])("come back after %s, and the link lives on", async (_what, status, body, expected) => {
    const { client, link, batches } = await open();
    link.publish(command("k1"));
    await client.clock.settle();
    batches()[0]?.answer(body, { status });
    await client.clock.settle();
    expect(client.log).toHaveLength(1);
    expect(client.log[0]).toMatch(expected);
  });

  test("that wait behind one that is refused for now come back with it: none of them may overtake it (P1, P5)", async () => {
    const { client, link, batches } = await open();
    link.publish(command("k1"));
    await client.clock.settle();
    link.publish(command("k2")); // while the batch is on its way
    batches()[0]?.lines({ t: "error", key: "k1", code: "unavailable", message: "not now" });
    await client.clock.settle();
    expect(client.log).toContain("returned k2");
    expect(batches()).toHaveLength(1);
  });

  test("have their answers, though a newer server says something that nobody knows between them", async () => {
    const { client, link, batches } = await open();
    link.publish(command("k1"));
    await client.clock.settle();
    batches()[0]?.answer(`{"t":"news"}\n{"t":"ok","k":"k1","i":"${idOf(1)}"}\n`);
    await client.clock.settle();
    expect(client.log).toEqual(["ok k1"]);
  });

  test("do not go out any more when the link is closed in the same turn", async () => {
    const { client, link, batches } = await open();
    link.publish(command("k1"));
    link.close();
    await client.clock.settle();
    expect(batches()).toEqual([]);
  });

  test("come back when no answer comes, and are forgotten when the link is closed", async () => {
    const { client, link, batches } = await open();
    link.publish(command("k1"));
    await client.clock.settle();
    client.clock.advance(30_000);
    await client.clock.settle();
    expect(client.log).toContain("returned k1 aborted");
    link.publish(command("k2"));
    await client.clock.settle();
    client.log.length = 0;
    link.close();
    await client.clock.settle();
    expect([batches()[1]?.aborted, client.log, client.clock.pending]).toEqual([true, [], 0]);
  });
});
