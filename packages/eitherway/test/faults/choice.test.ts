/** What `auto` chooses in front of networks that are each bad in their own way, why, and that nothing is lost by it. */
import { describe, expect, test } from "vitest";
import type { Client } from "../../src/client/index.node.ts";
import { jsonClientCodec } from "../../src/protocol/index.ts";
import { startNginx } from "./nginx.ts";
import { createScene, type Scene } from "./support.ts";
import { turn, until } from "./turns.ts";

const AUTO = { dialect: { transport: "auto", framing: jsonClientCodec } } as const;

/** The client lets a transport try alone for this long. */
const RACE_MS = 2_000;
/** What comes this long after the opening of a stream did not come with it. */
const PULSE_MS = 1_000;
/** Longer than any heartbeat may take: what is dead is found dead after it. */
const LONG_SILENCE_MS = 40_000;
/** A link that has lived this long was good. */
const HEALTHY_MS = 10_000;

/** nginx as it comes: it knows nothing of WebSockets, and here does not heed what asks not to be buffered. */
const BUFFERING = { old: true, ignoresAccelBuffering: true };
/** The first ping of a stream is overdue. */
const MUTE_MS = 5_000;
const MUTE = "sse was open but mute: something on the way holds back what the server sends";

describe("auto", () => {
  test("uses the WebSocket where nothing is in its way (P1, P2, P5)", async () => {
    const scene = await createScene(AUTO);
    const client = scene.client();
    const reader = await scene.reader("reader", client, "a");
    await scene.publish(client, "a", 20);
    await reader.has(20);
    expect(client.status).toMatchObject({ transport: "websocket", why: "websocket is the first choice", links: 1 });
    await scene.expectClean({ expected: 20 });
  });

  test("a proxy that refuses the upgrade: a stream, at once; and the WebSocket once it gets through (P1, P2, P3, P5)", async () => {
    const scene = await createScene(AUTO);
    const client = scene.client(await startNginx({ target: scene.network.port, old: true }));
    const reader = await scene.reader("reader", client, "a");
    expect(client.status.transport).toBe("sse");
    expect(client.status.why).toMatch(/^websocket did not get through: /);
    await scene.publish(client, "a", 20);
    await reader.has(20);
    await scene.expectClean({ expected: 20 });
  });

  test("a proxy that refuses the upgrade and buffers streams: long-poll, found in a race (P1, P2, P3, P5)", async () => {
    const scene = await createScene(AUTO);
    const client = scene.client(await startNginx({ ...BUFFERING, target: scene.network.port }));
    const reading = scene.reader("reader", client, "a");
    await until(() => scene.server.stats().links > 0); // the server has the stream, of which the client hears nothing
    scene.clock.leap(RACE_MS);
    const reader = await reading;
    expect(client.status).toMatchObject({ transport: "poll", why: "sse did not open within 2 s" });
    await scene.publish(client, "a", 20);
    await reader.has(20);
    await scene.expectClean({ expected: 20 });
  });

  test("a large replay through a buffering proxy is complete, and what is held back afterwards comes by long-poll (P1, P2, P3)", async () => {
    const scene = await createScene(AUTO);
    await scene.publishInside("a", 100, 3_000);
    const client = scene.client(await startNginx({ ...BUFFERING, target: scene.network.port }));
    const got: string[] = [];
    client.channel<string>("a", { from: "start" }).on("message", (_data, { id }) => {
      got.push(id);
    });
    await until(() => got.length > 20);
    await scene.publishInside("a", 5, 0);
    await quiet(() => got.length);
    expect(client.status.transport).toBe("sse");
    scene.clock.leap(MUTE_MS);
    await until(() => got.length === 105);
    expect(client.status).toMatchObject({ transport: "poll", why: MUTE, gaps: 0, holes: 0 });
    expect(got).toEqual([...new Set(got)].sort());
  });

  test("a WebSocket that hangs is raced by a stream; it is probed, and takes over when the way is free (P1, P2, P3, P5)", async () => {
    const scene = await createScene(AUTO);
    const client = scene.client();
    scene.network.set({ kind: "blackhole" });
    const reading = scene.reader("reader", client, "a");
    await until(() => scene.network.counters.refused > 0);
    scene.network.set({ kind: "none" });
    scene.clock.leap(RACE_MS);
    const reader = await reading;
    expect(client.status).toMatchObject({ transport: "sse", why: "websocket did not open within 2 s" });
    await scene.publish(client, "a", 10);
    scene.clock.leap(PULSE_MS);
    let published = 10;
    for (; client.status.transport === "sse"; published++) {
      await scene.publish(client, "a", 1);
      await reader.has(published + 1); // the stream is heard of between two leaps of time
      scene.clock.leap(HEALTHY_MS);
      await until(() => client.timeline().at(-1)?.what !== "connecting"); // a probe has its time
    }
    expect(client.status).toMatchObject({
      transport: "websocket",
      why: "websocket is better, and was tried again",
      links: 2,
    });
    await scene.publish(client, "a", 10);
    await scene.expectClean({ expected: published + 10 });
  });

  test("a half-open link is found by its silence and replaced by the same transport (P1, P2, P3, P5)", async () => {
    const scene = await createScene(AUTO);
    const { client, reader } = await reading(scene);
    for (const connection of scene.network.connections) connection.set({ kind: "half-open" });
    const publishing = scene.publish(client, "a", 10);
    await scene.publishInside("a", 10);
    scene.clock.leap(LONG_SILENCE_MS);
    await publishing;
    await reader.has(25);
    expect(client.status).toMatchObject({ transport: "websocket", why: "websocket worked the last time", links: 2 });
    expect(causes(client)).toEqual([expect.stringMatching(/^nothing arrived for [0-9]+ ms$/)]);
    await scene.expectClean({ expected: 25 });
  });

  test("a server restart is found again by the same transport; the new log is told as a gap (P2, P3)", async () => {
    const scene = await createScene(AUTO);
    const { client, reader } = await reading(scene);
    await scene.server.restart();
    await scene.publish(client, "a", 10);
    await scene.expectClean({});
    expect(reader.gaps).toBe(1);
    expect(client.status).toMatchObject({ transport: "websocket", why: "websocket worked the last time" });
    expect(causes(client)).toEqual(["drain: The server is going away; come back in a moment."]);
  });

  test("5xx of a proxy during a deploy are waited out; then everything goes on (P1, P2, P3, P5)", async () => {
    const scene = await createScene(AUTO);
    const { client, reader } = await reading(scene, await startNginx({ target: scene.network.port }));
    scene.network.set({ kind: "refuse" });
    scene.network.cutAll();
    const publishing = scene.publish(client, "a", 10);
    await scene.publishInside("a", 10);
    const before = scene.network.counters.refused;
    await until(() => scene.network.counters.refused >= before + 4);
    expect(causes(client).join("\n")).toMatch(/502/);
    scene.network.set({ kind: "none" });
    await publishing;
    await reader.has(25);
    await scene.expectClean({ expected: 25 });
  });

  test("10 s in which nothing gets through, open links and new ones, lose nothing (P1, P2, P3, P5)", async () => {
    const scene = await createScene(AUTO);
    const { client, reader } = await reading(scene);
    for (const connection of scene.network.connections) connection.set({ kind: "half-open" });
    scene.network.set({ kind: "blackhole" });
    const publishing = scene.publish(client, "a", 10);
    await scene.publishInside("a", 10);
    scene.clock.leap(10_000);
    expect(client.status.state).toBe("open"); // not yet silent for too long
    scene.network.set({ kind: "none" });
    for (const connection of scene.network.connections) connection.set({ kind: "half-open" });
    scene.clock.leap(LONG_SILENCE_MS);
    await publishing;
    await reader.has(25);
    expect(client.status.why).toBe("websocket worked the last time");
    await scene.expectClean({ expected: 25 });
  });

  test("a client that uses what worked the last time opens one link where the first needed two (P3)", async () => {
    const scene = await createScene(AUTO);
    const url = await startNginx({ old: true, target: scene.network.port });
    const first = scene.client(url);
    const reader = await scene.reader("first", first, "a");
    scene.clock.leap(PULSE_MS);
    await scene.publishInside("a", 1);
    await reader.has(1); // long after the opening, so nothing holds the stream back
    scene.clock.leap(HEALTHY_MS);
    const next = scene.client(url);
    await scene.reader("next", next, "a");
    expect(connectings(first)).toEqual(["websocket", "sse"]);
    expect(connectings(next)).toEqual(["sse"]);
    expect(next.status.why).toBe("sse worked the last time");
  });
});

/** A client that reads and has read, over a link that counts as good. */
async function reading(scene: Scene, url?: string) {
  const client = scene.client(url);
  const reader = await scene.reader("reader", client, "a");
  await scene.publish(client, "a", 5);
  await reader.has(5);
  scene.clock.leap(HEALTHY_MS);
  return { client, reader };
}

/** Why links ended. */
function causes(client: Client): readonly string[] {
  return client.timeline().flatMap(({ what, why = "" }) => (what === "ended" ? [why] : []));
}

function connectings(client: Client): readonly (string | undefined)[] {
  return client.timeline().flatMap(({ what, transport }) => (what === "connecting" ? [transport] : []));
}

/** Resolves when a number has not changed for so long that what was on the way is here. */
async function quiet(read: () => number): Promise<void> {
  const STILL_TURNS = 60;
  for (let still = 0, last = read(); still < STILL_TURNS; still++) {
    await turn();
    if (read() !== last) still = 0;
    last = read();
  }
}
