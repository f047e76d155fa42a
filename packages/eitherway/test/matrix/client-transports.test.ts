/** The client over the real doors of a real server, each transport the same. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { sseHttp2Transport } from "../../src/cli/compare/sse-http2.ts";
import { binary } from "../../src/client/binary.ts";
import { type Client, type ClientOptions, createClient, type Incoming } from "../../src/client/index.node.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { eventually, testCertificate } from "../node/support.ts";
import { type Doors, type DoorsOptions, startDoors } from "../transports/support.ts";

interface Way extends Pick<ClientOptions, "transport" | "transports" | "framing" | "streamChange"> {
  readonly title: string;
  /** What the server speaks. Default: HTTP/1.1. */
  readonly http2?: "plain" | "tls";
}

const OVER_HTTP2 = { transport: "sse", transports: [sseHttp2Transport] } as const;

const WAYS: readonly Way[] = [
  { title: "websocket json", transport: "websocket" },
  { title: "websocket binary", transport: "websocket", framing: binary },
  { title: "sse, break first", transport: "sse", streamChange: "break-first" },
  { title: "sse, make first", transport: "sse", streamChange: "make-first" },
  { title: "sse, plain HTTP/2", ...OVER_HTTP2, http2: "plain" },
  { title: "sse, HTTP/2 with TLS", ...OVER_HTTP2, http2: "tls" },
  { title: "poll", transport: "poll" },
];

const TRANSPORTS = ["websocket", "sse", "poll"] as const;

async function startFor({ http2 }: Way, options: DoorsOptions = {}): Promise<Doors> {
  if (http2 !== "tls") return startDoors({ ...options, h2c: http2 === "plain" });
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0"); // nobody has signed the certificate
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return startDoors({ ...options, tls: await testCertificate() });
}

function connect(doors: Doors, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({ url: doors.url, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** Everything that a channel delivers, as it comes: data of messages, and gaps by their reason. */
function listen(client: Client, name: string, from: "now" | "start" = "now") {
  const channel = client.channel<string>(name, { from });
  const seen: string[] = [];
  const live = new Promise<void>((resolve) => {
    channel.on("live", () => resolve());
  });
  const undo = channel.on("message", (data) => {
    seen.push(data);
  });
  channel.on("gap", ({ why }) => {
    seen.push(`gap ${why}`);
  });
  return { channel, seen, live, undo };
}

const numbered = (count: number, first = 0): string[] => Array.from({ length: count }, (_, i) => `m${first + i}`);

describe.each(WAYS)("a client over $title", (way) => {
  test("replays what is kept, then delivers live, each message once and in order (P1, P2)", async () => {
    const doors = await startFor(way);
    await doors.publish("room", ...numbered(300));
    const client = connect(doors, way);
    const { seen, live } = listen(client, "room", "start");
    await live;
    await doors.publish("room", ...numbered(100, 300));
    await eventually(() => seen.length >= 400);
    expect(seen).toEqual(numbered(400));
    expect(client.status).toMatchObject({ state: "open", transport: way.transport, holes: 0, gaps: 0, links: 1 });
  });

  test("starts at now by default, and knows its cursor before the first message (P2, P3)", async () => {
    const doors = await startFor(way);
    const [, last] = await doors.publish("room", "old", "older");
    const { seen, live, channel } = listen(connect(doors, way), "room");
    await live;
    expect(channel.cursor).toBe(last);
    const [next] = await doors.publish("room", "new");
    await eventually(() => seen.length > 0);
    expect(seen).toEqual(["new"]);
    expect(channel.cursor).toBe(next);
  });

  test("publishes in the order of the calls and resolves with each id (P4, P5)", async () => {
    const doors = await startFor(way);
    const client = connect(doors, way);
    const { seen, channel } = listen(client, "room", "start");
    const receipts = await Promise.all(numbered(500).map((data) => channel.publish(data)));
    await eventually(() => seen.length >= 500);
    expect(seen).toEqual(numbered(500));
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(500);
    expect(receipts.at(-1)?.id).toBe(channel.cursor);
    expect(client.status.unanswered).toBe(0);
  });

  test("carries json, text and bytes, and event names, as they are", async () => {
    const doors = await startFor(way);
    const channel = connect(doors, way).channel("room", { from: "start" });
    const sent: [unknown, "json" | "text" | "bytes"][] = [
      [{ deep: [1, null, "ü\u2028"] }, "json"],
      ["", "text"],
      ["a\r\nb\n\u2028 😀", "text"],
      [new Uint8Array([0, 255, 10, 13]), "bytes"],
    ];
    for (const [data, kind] of sent) await channel.publish(data, { kind, event: `of ${kind}` });
    const got: Incoming[] = [];
    for await (const message of channel) if (got.push(message) === sent.length) break;
    expect(got.map(({ data, meta }) => [data, meta.kind])).toEqual(sent);
    expect(got.map(({ meta }) => meta.event)).toEqual(sent.map(([, kind]) => `of ${kind}`));
  });

  test("adds and drops channels while it is open without disturbing the others (P2)", async () => {
    const doors = await startFor(way);
    const client = connect(doors, way);
    const stays = listen(client, "stays");
    await stays.live;
    await doors.publish("stays", "m0");
    const comes = listen(client, "comes", "start");
    await doors.publish("stays", "m1");
    await doors.publish("comes", "m0");
    await comes.live;
    await eventually(() => stays.seen.length === 2 && comes.seen.length === 1);
    comes.undo();
    await eventually(() => doors.hub.stats().watched === 1);
    await doors.publish("stays", "m2");
    await doors.publish("comes", "m1");
    await eventually(() => stays.seen.length === 3);
    expect([stays.seen, comes.seen]).toEqual([["m0", "m1", "m2"], ["m0"]]);
    expect(client.status.holes).toBe(0);
  });

  test("starts a channel anew from its start after it was dropped (P2)", async () => {
    const doors = await startFor(way);
    await doors.publish("room", "m0", "m1");
    const client = connect(doors, way);
    const first = listen(client, "room", "start");
    await first.live;
    first.undo();
    await eventually(() => {
      const { links, watched } = doors.hub.stats();
      return links === 1 && watched === 0; // between two polls there is no link
    });
    await doors.publish("room", "m2");
    const second = listen(client, "room", "start");
    await second.live;
    expect([first.seen, second.seen]).toEqual([
      ["m0", "m1"],
      ["m0", "m1", "m2"],
    ]);
  });

  test("goes on without loss when it reconnects, also with commands on their way (P2, P3, P5)", async () => {
    const doors = await startFor(way);
    const client = connect(doors, way);
    const { seen, live, channel } = listen(client, "room");
    await live;
    const receipts: Promise<unknown>[] = [];
    for (let i = 0; i < 10; i++) {
      for (const data of numbered(20, i * 20)) receipts.push(channel.publish(data));
      client.reconnect();
      await receipts.at(-1);
    }
    await Promise.all(receipts);
    await eventually(() => seen.length >= 200);
    expect(seen).toEqual(numbered(200));
    expect(client.status.holes).toBe(0);
  });

  test("comes back by itself after a cut, from its cursor, and sends again what has no answer (P2, P3, P5)", async () => {
    const doors = await startFor(way);
    const network = await createFaultNetwork({ target: doors.port });
    onTestFinished(() => network.close());
    const client = connect(doors, { ...way, url: doors.url.replace(String(doors.port), String(network.port)) });
    const { seen, live, channel } = listen(client, "room");
    await live;
    await channel.publish("m0");
    await eventually(() => seen.length === 1);
    network.cutAll();
    const answers = numbered(50, 1).map((data) => channel.publish(data));
    network.cutAll();
    await Promise.all(answers);
    await eventually(() => seen.length >= 51);
    expect(seen).toEqual(numbered(51));
    expect(client.status).toMatchObject({ state: "open", holes: 0 });
    expect(client.status.links).toBeGreaterThan(1);
  });

  test("is told of a gap when the log went on without it, and goes on after it (P2)", async () => {
    const doors = await startFor(way, { retention: { messages: 5 } });
    const client = connect(doors, way);
    const { seen, live, channel } = listen(client, "room");
    await live;
    await doors.publish("room", "m0");
    await eventually(() => seen.length === 1);
    const saved = channel.cursor;
    await client.close();

    await doors.publish("room", ...numbered(20, 1));
    const again = connect(doors, way).channel<string>("room", { from: saved });
    const messages: Incoming<string>[] = [];
    const gaps: unknown[] = [];
    again.on("gap", ({ why }) => {
      gaps.push(why);
    });
    const back = new Promise<void>((resolve) => {
      again.on("live", () => resolve());
    });
    again.on("message", (data, meta) => {
      messages.push({ data, meta });
    });
    await back;
    await doors.publish("room", "m21");
    await eventually(() => messages.length === 1);
    expect(gaps).toEqual(["trimmed"]);
    expect(messages[0]).toMatchObject({ data: "m21", meta: { gap: { why: "trimmed" }, replayed: false } });
  });

  test("rejects a publish that the server refuses, and goes on (P12)", async () => {
    const doors = await startFor(way, { limits: { messageBytes: 100 } });
    const channel = connect(doors, way).channel("room");
    const first = channel.publish("fits");
    const second = channel.publish("x".repeat(200));
    const third = channel.publish("fits too");
    await expect(second).rejects.toMatchObject({ code: "too-large" });
    await Promise.all([first, third]);
    const twice = channel.publish("another body", { key: "k1" });
    const reused = channel.publish("and another", { key: "k1" });
    await twice;
    await expect(reused).rejects.toMatchObject({ code: "key-reused" });
  });

  test("tells a channel that its subscription was refused, and keeps the others (P6, P12)", async () => {
    const doors = await startFor(way, { limits: { subscriptions: 1 } });
    const client = connect(doors, way);
    const good = listen(client, "good");
    await good.live;
    const refused = new Promise((resolve) => {
      client.channel("one too many").on("error", resolve);
    });
    client.channel("one too many").on("message", () => {});
    expect(await refused).toMatchObject({ code: "too-many-subscriptions" });
    await doors.publish("good", "m0");
    await eventually(() => good.seen.length === 1);
    expect(client.status).toMatchObject({ state: "open", lastError: { code: "too-many-subscriptions" } });
  });

  test("pauses a channel whose loop is slow, and loses nothing (P2, P6)", async () => {
    const doors = await startFor(way, { retention: { messages: 10_000 } });
    const client = connect(doors, way);
    const total = 3_000;
    await doors.publish("room", ...numbered(total));
    const got: string[] = [];
    let paused = false;
    for await (const { data } of client.channel<string>("room", { from: "start" })) {
      if (got.length === 0) {
        await eventually(() => doors.hub.stats().watched === 0);
        paused = true;
      }
      if (got.push(data) === total) break;
    }
    expect(paused).toBe(true);
    expect(got).toEqual(numbered(total));
  });

  test("leaves nothing behind when it is closed (P6)", async () => {
    const doors = await startFor(way);
    const client = connect(doors, way);
    const { live, channel } = listen(client, "room");
    await live;
    await client.close();
    await eventually(() => doors.hub.stats().links === 0);
    await expect(channel.publish("late")).rejects.toMatchObject({ code: "closed" });
    expect(client.status.state).toBe("closed");
  });
});

describe.each(TRANSPORTS.flatMap((from) => TRANSPORTS.map((to) => [from, to] as const)))("a switch", (from, to) => {
  test(`from ${from} to ${to} loses and repeats nothing, neither messages nor commands (P1, P2, P3, P5)`, async () => {
    const doors = await startDoors();
    const client = connect(doors, { transport: from });
    const { seen, live, channel } = listen(client, "room");
    await live;
    const before = numbered(100).map((data) => channel.publish(data));
    client.use(to);
    const after = numbered(100, 100).map((data) => channel.publish(data));
    await Promise.all([...before, ...after]);
    await eventually(() => seen.length >= 200);
    expect(seen).toEqual(numbered(200));
    expect(client.status).toMatchObject({ transport: to, state: "open", holes: 0 });
  });
});
