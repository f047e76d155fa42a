/** The three transports of the client, each against a server that the test plays. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { binary } from "../../src/client/binary.ts";
import { createCommand } from "../../src/client/command.ts";
import type { ChannelSink } from "../../src/client/transport.ts";
import { pollTransport } from "../../src/client/transports/poll.ts";
import { sseTransport } from "../../src/client/transports/sse.ts";
import { createWebSocketTransport } from "../../src/client/transports/websocket.ts";
import { binaryServerCodec, jsonClientCodec, jsonPayload, type LiveFrame } from "../../src/protocol/index.ts";
import { createFakeClient, FakeSocket, stubFetch } from "./fake-network.ts";
import { idOf, WELCOME } from "./support.ts";

beforeEach(() => {
  FakeSocket.made.length = 0;
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const live = (channel: string, seq = 1): LiveFrame => ({ t: "live", channel, id: idOf(seq) });
const command = (key: string, data: unknown = 1) =>
  createCommand({ t: "publish", key, channel: "room", event: "message", payload: jsonPayload(data) });
/** The fields of a hello that differ. */
const helloOf = (body: string) => {
  const { channels, wait } = JSON.parse(body.split("\n")[0] ?? "");
  return { channels, ...(wait !== undefined && { wait }) };
};

describe("websocket", () => {
  function open(options: Parameters<typeof createFakeClient>[0] = {}) {
    const client = createFakeClient(options);
    client.channels = new Map([["a", "now"]]);
    const link = createWebSocketTransport(() => FakeSocket).open(client.to, client.events);
    const socket = FakeSocket.made[0] as FakeSocket;
    return { client, link, socket };
  }

  test("says hello when it is open, and answers pings", () => {
    const { socket, client } = open();
    expect([socket.url, socket.protocols, socket.sent]).toEqual(["ws://server/eitherway", ["eitherway.v1.json"], []]);
    socket.onopen?.({});
    socket.say(WELCOME);
    socket.say({ t: "ping" });
    expect(socket.sent.map((text) => JSON.parse(String(text)).t)).toEqual(["hello", "pong"]);
    expect(client.log).toEqual(["welcome", "ping"]);
  });

  test("speaks binary frames where it is told to", () => {
    const { socket, link, client } = open({ framing: binary });
    socket.onopen?.({});
    socket.onmessage?.({ data: new Uint8Array(binaryServerCodec.frame(WELCOME)).buffer });
    link.publish(command("k1"));
    expect([socket.protocols, socket.binaryType]).toEqual([["eitherway.v1.binary"], "arraybuffer"]);
    expect(socket.sent.map((bytes) => binaryServerCodec.readClient(bytes as Uint8Array).t)).toEqual([
      "hello",
      "publish",
    ]);
    expect(client.log).toEqual(["welcome"]);
  });

  test("subscribes and unsubscribes while it is open", () => {
    const { socket, link, client } = open();
    socket.onopen?.({});
    expect(link.change(client.greeting({ b: "start" }), ["a"])).toBe(true);
    expect(socket.sent.slice(1).map(String)).toEqual([
      jsonClientCodec.writeClient({ t: "unsubscribe", channels: ["a"] }),
      jsonClientCodec.writeClient({ t: "subscribe", channels: new Map([["b", "start"]]) }),
    ]);
    socket.say(live("b"));
    expect(client.log).toEqual(["live b"]);
  });

  test("a channel that was left is taken again on the same link, where its frames can be told apart (P2)", () => {
    const { socket, link, client } = open();
    socket.onopen?.({});
    const told: string[] = [];
    const sinkOf = (name: string, live: boolean): ChannelSink => ({
      live,
      take: ({ t }) => told.push(`${name} ${t}`),
      fail() {},
      retake: () => told.push(`${name} retaken`),
    });
    const retake = (sink: ChannelSink, cursor: string): boolean =>
      link.change({ channels: new Map([["b", cursor]]), routes: new Map([["b", sink]]) }, []);
    expect(link.change({ channels: new Map(), routes: new Map() }, ["a"])).toBe(true);
    expect(link.change(client.greeting({ a: "now" }), [])).toBe(true); // the same one goes on
    expect(retake(sinkOf("first", true), "start")).toBe(true);
    expect(retake(sinkOf("second", true), "now")).toBe(true);
    expect(retake(sinkOf("third", false), idOf(7))).toBe(true);
    socket.say(live("b"));
    expect(told).toEqual(["second retaken", "third retaken"]);
    expect(retake(sinkOf("fourth", true), "now")).toBe(false); // the third one's "live" may still come
  });

  test("ends with the code of the close, or with what the platform says", () => {
    for (const [code, message, expected] of [
      [4511, undefined, "ended too-large"],
      [4000, undefined, "ended drain"],
      [1006, undefined, "ended the socket closed (1006)"],
      [1006, "Unexpected server response: 403", "ended Unexpected server response: 403"],
    ] as const) {
      FakeSocket.made.length = 0;
      const { socket, client } = open();
      if (message) socket.onerror?.({ message });
      socket.onclose?.({ code, reason: "" });
      socket.onclose?.({ code, reason: "" });
      expect(client.log).toEqual([expected]);
    }
  });

  test("passes over frames of a newer protocol and ends at rubbish (P12)", () => {
    const { socket, client } = open();
    socket.onopen?.({});
    socket.onmessage?.({ data: '{"t":"hologram"}' });
    expect(client.log).toEqual([]);
    socket.onmessage?.({ data: "<html>" });
    socket.say(WELCOME);
    expect(client.log).toEqual([expect.stringMatching(/^ended what came is no frame/)]);
  });

  test("says nothing after it was closed", () => {
    const { socket, client, link } = open();
    link.close();
    socket.onopen?.({});
    socket.say(WELCOME);
    socket.onclose?.({ code: 1000, reason: "" });
    expect([socket.closedWith, socket.sent, client.log]).toEqual([1000, [], []]);
  });

  test("ends, but not before it was opened, where the platform refuses the socket", async () => {
    const client = createFakeClient();
    class Refused extends FakeSocket {
      constructor() {
        super("", []);
        throw new Error("insecure");
      }
    }
    createWebSocketTransport(() => Refused).open(client.to, client.events);
    expect(client.log).toEqual([]);
    await client.clock.settle();
    expect(client.log).toEqual(["ended the socket was refused here: Error: insecure"]);
  });

  test("is not supported where there is none", () => {
    expect(createWebSocketTransport(() => undefined).supported()).toBe(false);
  });
});

describe("sse", () => {
  async function open(options: Parameters<typeof createFakeClient>[0] = {}) {
    const requests = stubFetch();
    const client = createFakeClient(options);
    client.channels = new Map([["a", "now"]]);
    const link = sseTransport.open(client.to, client.events);
    return { client, link, requests };
  }

  test("reads frames from the body, however they are cut", async () => {
    const { client, requests } = await open();
    const stream = requests[0]?.stream();
    stream?.bytes('retry: 1\n: hi\n\ndata: {"t":"li');
    await client.clock.settle();
    stream?.bytes(`ve","c":"a","i":"${idOf(1)}"}\n\n`);
    await client.clock.settle();
    expect([requests[0]?.door, client.log]).toEqual(["stream", ["live a"]]);
  });

  test.each([
    ["break-first" as const, true],
    ["make-first" as const, false],
  ])("changes its channels by one new stream, %s (P2)", async (streamChange, cutFirst) => {
    const { client, link, requests } = await open({ streamChange });
    const old = requests[0]?.stream();
    old?.send(WELCOME);
    await client.clock.settle();
    client.channels.set("b", "start");
    link.change(client.greeting({ b: "start" }), []);
    client.channels.set("c", "start");
    link.change(client.greeting({ c: "start" }), []);
    client.clock.advance(49);
    expect(requests).toHaveLength(1);
    client.clock.advance(1);
    expect(requests).toHaveLength(2);
    expect(requests[0]?.aborted).toBe(cutFirst);
    expect(helloOf(requests[1]?.body ?? "").channels).toEqual({ a: "now", b: "start", c: "start" });
    const fresh = requests[1]?.stream();
    if (!cutFirst) old?.send(live("a"));
    await client.clock.settle();
    fresh?.send(WELCOME, live("c"));
    await client.clock.settle();
    expect(requests[0]?.aborted).toBe(true);
    expect(client.log).toEqual(["welcome", ...(cutFirst ? [] : ["live a"]), "welcome", "live c"]);
  });

  test("has one change in flight, and makes up for what changed meanwhile", async () => {
    const { client, link, requests } = await open();
    requests[0]?.stream().send(WELCOME);
    await client.clock.settle();
    link.change(client.greeting({}), []);
    client.clock.advance(50);
    client.channels.set("b", "now");
    link.change(client.greeting({ b: "now" }), []);
    client.clock.advance(1_000);
    expect(requests).toHaveLength(2);
    requests[1]?.stream().send(WELCOME);
    await client.clock.settle();
    client.clock.advance(50);
    expect(requests).toHaveLength(3);
    expect(helloOf(requests[2]?.body ?? "").channels).toEqual({ a: "now", b: "now" });
  });

  test("greets anew when the old stream has moved on from where the new one was asked to begin (P2)", async () => {
    const { client, link, requests } = await open({ streamChange: "make-first" });
    const old = requests[0]?.stream();
    old?.send(WELCOME);
    await client.clock.settle();
    link.change(client.greeting({}), []);
    client.clock.advance(50);
    client.channels.set("a", idOf(5));
    client.stale = true;
    requests[1]?.stream().send(WELCOME, live("a"));
    await client.clock.settle();
    expect(requests.map(({ aborted }) => aborted)).toEqual([false, true, false]);
    expect(helloOf(requests[2]?.body ?? "").channels).toEqual({ a: idOf(5) });
    client.stale = false;
    old?.send(live("a"));
    await client.clock.settle();
    requests[2]?.stream().send(WELCOME);
    await client.clock.settle();
    expect(requests.map(({ aborted }) => aborted)).toEqual([true, true, false]);
    expect(client.log).toEqual(["welcome", "live a", "welcome"]);
  });

  test("ends when the new stream of a change hangs, though the old one lives", async () => {
    const { client, link, requests } = await open({ streamChange: "make-first" });
    requests[0]?.stream().send(WELCOME);
    await client.clock.settle();
    link.change(client.greeting({}), []);
    client.clock.advance(50);
    client.clock.advance(10_000);
    expect(client.log).toEqual(["welcome", "ended the stream did not open in time"]);
    link.close();
    expect(requests.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(client.clock.pending).toBe(0);
  });

  test.each([
    [503, { "retry-after": "7" }, '{"error":{"code":"drain","message":"Bye."}}', "ended drain after 7000"],
    [403, {}, '{"error":{"code":"origin-refused","message":"No."}}', "ended origin-refused"],
    [502, { "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" }, "<html>", "ended  answered 502 after 60000"],
    [200, { "content-type": "text/html" }, "<html>", "ended a stream was asked for, text/html came"],
  ])("knows what an answer of %d means", async (status, headers, body, expected) => {
    const { client, requests } = await open();
    requests[0]?.answer(body, { status, headers });
    await client.clock.settle();
    expect(client.log).toEqual([expected]);
  });

  test("after a plain end stays away as long as the stream's own hint says, so that not all come back at once", async () => {
    const { client, requests } = await open();
    const stream = requests[0]?.stream();
    stream?.bytes("retry: 2345\n\n");
    stream?.end();
    await client.clock.settle();
    expect(client.log).toEqual(["ended the stream ended after 2345"]);
  });

  test("ends once: at the end of the stream, at rubbish, or where there is no answer", async () => {
    for (const [act, expected] of [
      [(r: ReturnType<typeof stubFetch>) => r[0]?.stream().end(), "ended the stream ended"],
      [(r: ReturnType<typeof stubFetch>) => r[0]?.stream().bytes("data: <html>\n\n"), /^ended what came is no frame/],
      [(r: ReturnType<typeof stubFetch>) => r[0]?.fail("connect ECONNREFUSED"), "ended connect ECONNREFUSED"],
    ] as const) {
      const { client, requests } = await open();
      act(requests);
      await client.clock.settle();
      expect(client.log).toHaveLength(1);
      expect(client.log[0]).toMatch(expected);
    }
  });
});

describe("poll", () => {
  function open() {
    const requests = stubFetch();
    const client = createFakeClient();
    client.channels = new Map([["a", "now"]]);
    const link = pollTransport.open(client.to, client.events);
    return { client, link, requests };
  }

  test("waits for news only when every channel has said where it stands (P2)", async () => {
    const { client, requests } = open();
    requests[0]?.lines(WELCOME);
    await client.clock.settle();
    client.clock.advance(1_000);
    client.settled = true;
    client.channels.set("a", idOf(1));
    requests[1]?.lines(WELCOME, live("a"));
    await client.clock.settle();
    expect(requests.map(({ body }) => helloOf(body))).toEqual([
      { channels: { a: "now" }, wait: 0 },
      { channels: { a: "now" }, wait: 0 },
      { channels: { a: idOf(1) }, wait: 25 },
    ]);
  });

  test("sends no request twice within a second when nothing came of it", async () => {
    // Silent in the end, since a loop without pause would never let this test fail.
    const requests = stubFetch((request) => requests.length < 100 && request.lines(WELCOME));
    const client = createFakeClient();
    pollTransport.open(client.to, client.events);
    for (let ms = 0; ms < 10_000; ms += 50) {
      await client.clock.settle();
      client.clock.advance(50);
    }
    expect(requests.length).toBeLessThanOrEqual(11);
  });

  test("waits no longer from one answer to the next than one wait, however often the channels change", async () => {
    const { client, link, requests } = open();
    client.settled = true;
    requests[0]?.lines(WELCOME);
    await client.clock.settle();
    expect(helloOf(requests[1]?.body ?? "").wait).toBe(25);
    for (const seconds of [10, 10, 10]) {
      client.clock.advance(seconds * 1_000);
      client.channels.set(`b${seconds}`, "now");
      link.change(client.greeting({}), ["gone"]);
      client.clock.advance(50);
      await client.clock.settle();
    }
    expect(requests.slice(2).map(({ body }) => helloOf(body).wait)).toEqual([15, 5, 0]);
  });

  test("gives up a request that waits when the channels change, and asks anew (P2)", async () => {
    const { client, link, requests } = open();
    client.settled = true;
    requests[0]?.lines(WELCOME, live("a"));
    await client.clock.settle();
    client.settled = false;
    client.channels.set("b", "start");
    link.change(client.greeting({ b: "start" }), []);
    client.clock.advance(50);
    expect([requests[1]?.aborted, requests.length]).toEqual([true, 3]);
    expect(helloOf(requests[2]?.body ?? "")).toEqual({ channels: { a: "now", b: "start" }, wait: 0 });
    await client.clock.settle();
    expect(client.log).toEqual(["welcome", "live a"]);
  });

  test("does not give up a request that has told the change already", async () => {
    const { client, link, requests } = open();
    client.channels.set("b", "start");
    link.change(client.greeting({ b: "start" }), []);
    requests[0]?.lines(WELCOME);
    await client.clock.settle();
    client.clock.advance(50);
    expect(requests.map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  test("ends at a refusal, at rubbish, and where there is no answer", async () => {
    for (const [act, expected] of [
      [
        (r: ReturnType<typeof stubFetch>) => r[0]?.answer("busy", { status: 429, headers: { "retry-after": "3" } }),
        "ended  answered 429 after 3000",
      ],
      [(r: ReturnType<typeof stubFetch>) => r[0]?.answer("<html>"), /^ended what came is no frame/],
      [(r: ReturnType<typeof stubFetch>) => r[0]?.fail("connect ECONNREFUSED"), "ended connect ECONNREFUSED"],
    ] as const) {
      const { client, requests } = open();
      act(requests);
      await client.clock.settle();
      expect(client.log[0]).toMatch(expected);
      expect(requests).toHaveLength(1);
    }
  });
});
