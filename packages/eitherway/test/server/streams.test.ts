import { describe, expect, test } from "vitest";
import { createMemoryBroker, type Streams } from "../../src/core/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { createTestServer, type TestServer } from "./support.ts";

const LOG = "@stream/job/7/answer";
const MINUTE = 60_000;

/** `event payload` of each entry as history has it. */
async function stored(server: TestServer, log = LOG): Promise<string[]> {
  const { text } = await server.ask({ path: `/channels/${log}` });
  const { messages } = JSON.parse(text) as {
    messages: { event: string; text?: string; bytes?: string; data?: unknown }[];
  };
  return messages.map(({ event, text, bytes, data }) => `${event} ${text ?? bytes ?? JSON.stringify(data)}`);
}

/** The outcomes of calls, once everything has happened that can. */
async function outcomes(server: TestServer, ...calls: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = calls.map((call) =>
    call.then(
      () => "done",
      (thrown: { code?: string }) => thrown.code ?? String(thrown),
    ),
  );
  await server.clock.settle();
  return Promise.all(settled.map((one) => Promise.race([one, Promise.resolve("waits")])));
}

async function outcome(server: TestServer, call: Promise<unknown>): Promise<string> {
  return (await outcomes(server, call)).join();
}

describe("a producer", () => {
  test("stores pieces in the order of the calls, those of one turn as one, and then the end (P1, P4)", async () => {
    const server = createTestServer();
    const answer = server.eitherway.stream("job/7", "answer");
    const appending = ["The ", "answer ", "is "].map((token) => answer.append(token));
    expect(await stored(server)).toEqual([]);
    expect(await outcome(server, Promise.all(appending))).toBe("done");
    expect(await stored(server)).toEqual(["piece The answer is "]);
    void answer.append("42");
    expect(await outcome(server, answer.end())).toBe("done");
    expect(await stored(server)).toEqual(["piece The answer is ", "piece 42", "end null"]);
    expect([answer.channel, answer.name, answer.signal.aborted]).toEqual(["job/7", "answer", false]);
  });

  test("stores bytes as they were at the call", async () => {
    const server = createTestServer();
    const file = server.eitherway.stream("job/7", "answer", { kind: "bytes" });
    const buffer = new Uint8Array([1, 2, 3]);
    void file.append(buffer);
    buffer.fill(9);
    void file.append(new Uint8Array());
    await outcome(server, file.append(new Uint8Array([4])));
    expect(await stored(server)).toEqual(["piece AQIDBA=="]);
  });

  test("puts characters together that were cut in two, and knows halves that have no other (P12)", async () => {
    const server = createTestServer();
    const answer = server.eitherway.stream("job/7", "answer");
    expect(await outcome(server, answer.append("a\ud83d"))).toBe("done");
    expect(await outcome(server, answer.append(""))).toBe("done");
    expect(await stored(server)).toEqual(["piece a"]);
    expect(await outcome(server, answer.append("x"))).toBe("bad-utf8");
    expect(await outcome(server, answer.append("\ude00b"))).toBe("done");
    expect(await outcome(server, answer.append("\ude00"))).toBe("bad-utf8");
    void answer.append("\ud83d");
    expect(await outcome(server, answer.end())).toBe("bad-utf8");
    expect(await stored(server)).toEqual([
      "piece a",
      "piece \u{1f600}b",
      expect.stringMatching(/^failed .*"bad-utf8"/),
    ]);
  });

  test("ends once: what comes after it is refused (P12)", async () => {
    const server = createTestServer();
    const answer = server.eitherway.stream("job/7", "answer");
    const ending = answer.fail("The model has had enough.", "no-tokens");
    expect(await outcome(server, answer.append("late"))).toBe("stream-over");
    expect(await outcome(server, answer.end())).toBe("stream-over");
    expect(await outcome(server, ending)).toBe("done");
    expect(await outcome(server, answer.fail("again"))).toBe("stream-over");
    expect(await stored(server)).toEqual(['failed {"code":"no-tokens","message":"The model has had enough."}']);
    expect(server.eitherway.stats().timers).toBe(0);
  });

  test("is told with its first call, and by its signal, that another one has the stream (P12)", async () => {
    const server = createTestServer();
    const first = server.eitherway.stream("job/7", "answer");
    await outcome(server, first.append("mine"));
    const second = server.eitherway.stream("job/7", "answer");
    expect(await outcomes(server, second.append("x"), second.fail("x"), second.append("y"))).toEqual([
      "stream-open",
      "stream-open",
      "stream-over",
    ]);
    expect(second.signal.reason).toMatchObject({ code: "stream-open" });
    expect(await outcome(server, second.append("z"))).toBe("stream-open");
    await outcome(server, first.end());
    expect(await stored(server)).toEqual(["piece mine", "end null"]);
    expect(server.counters("streams.refused")).toEqual({ "streams.refused.stream-open": 2 });
  });

  test("keeps its lease while the process lives, by a timer that is there only while a stream is open (P12)", async () => {
    const server = createTestServer();
    const answer = server.eitherway.stream("job/7", "answer", { leaseMs: "2s" });
    await server.clock.settle();
    expect(server.eitherway.stats().timers).toBe(1);
    for (let ms = 0; ms < MINUTE; ms += 100) {
      server.clock.advance(100);
      await server.clock.settle();
    }
    expect(await outcome(server, answer.append("still here"))).toBe("done");
    await outcome(server, answer.end());
    expect(server.eitherway.stats().timers).toBe(0);
    expect(await stored(server)).toEqual(["piece still here", "end null"]);
  });

  test("whose lease is lost is told by its signal, once; the stream has one end (P12)", async () => {
    const server = serverThatCannotRenew();
    const answer = server.eitherway.stream("job/7", "answer");
    await outcome(server, answer.append("half an ans"));
    let aborted = 0;
    answer.signal.addEventListener("abort", () => aborted++);
    server.clock.advance(11_000);
    await server.clock.settle();
    expect(await outcome(server, answer.append("wer"))).toBe("stream-over");
    expect(await outcome(server, answer.end())).toBe("stream-over");
    expect([aborted, answer.signal.reason.code]).toEqual([1, "stream-over"]);
    expect(await stored(server)).toEqual(["piece half an ans", expect.stringMatching(/^failed .*"producer-lost"/)]);
    expect(server.eitherway.stats().timers).toBe(0);
  });

  test("hears of cancel once, and ends the stream as it sees fit", async () => {
    const server = createTestServer();
    const answer = server.eitherway.stream("job/7", "answer");
    const heard: unknown[] = [];
    answer.signal.addEventListener("abort", () => heard.push(answer.signal.reason));
    answer.cancel("enough");
    answer.cancel("really");
    expect(heard).toEqual(["enough"]);
    void answer.append("so far");
    await outcome(server, answer.end());
    expect(await stored(server)).toEqual(["piece so far", "end null"]);
  });

  test("is refused what is over a limit, and may go on or fail (P6, P12)", async () => {
    const server = createTestServer({ limits: { messageBytes: 10, streamBytes: 25 } });
    const answer = server.eitherway.stream("job/7", "answer");
    expect(await outcome(server, answer.append("x".repeat(11)))).toBe("too-large");
    expect(await outcome(server, Promise.all(["1234567890", "1234567890"].map((ten) => answer.append(ten))))).toBe(
      "done",
    );
    const flood = Array.from({ length: 10 }, () => answer.append("123456789").catch(({ code }) => code));
    expect(await outcome(server, Promise.all(flood))).toBe("done");
    expect(new Set(await Promise.all(flood))).toEqual(new Set(["too-large"]));
    await outcome(server, answer.append("12345"));
    await outcome(server, answer.fail("too long", "too-long"));
    expect((await stored(server)).map((entry) => entry.slice(0, 16))).toEqual([
      "piece 1234567890",
      "piece 1234567890",
      "piece 12345",
      'failed {"code":"',
    ]);
    expect(server.counters("streams.refused")).toEqual({ "streams.refused.too-large": 10 });
  });

  test("after a piece that was refused has nothing behind it stored, and may try again (P1)", async () => {
    const server = createTestServer({ limits: { logBytes: 3_000, messageBytes: 400 } });
    const answer = server.eitherway.stream("job/7", "answer");
    await outcome(server, answer.append("first "));
    const large = "x".repeat(400);
    const refused = await outcomes(server, answer.append(large), answer.append("behind"), answer.end());
    expect(refused).toEqual(["storage-full", "storage-full", "storage-full"]);
    expect(await outcome(server, answer.append("second"))).toBe("done");
    const again = await outcomes(server, answer.append(large), answer.fail("no room", "full"));
    expect(again).toEqual(["storage-full", "done"]);
    expect(await stored(server)).toEqual([
      "piece first ",
      "piece second",
      'failed {"code":"full","message":"no room"}',
    ]);
  });

  test("waits while too much is on its way to subscribers (P6)", async () => {
    const server = createTestServer({ limits: { unflushedBytes: 1 } });
    const body = `{"t":"hello","v":1,"client":"c1","channels":{"${LOG}":"now","a":"now"}}`;
    await server.ask({ method: "POST", path: "/stream", body });
    void server.eitherway.publish("a", "x".repeat(100));
    const answer = server.eitherway.stream("job/7", "answer");
    let appended = false;
    void answer.append("x").then(() => {
      appended = true;
    });
    for (let n = 0; n < 50; n++) await Promise.resolve();
    expect(appended).toBe(false);
    await server.clock.settle();
    expect(appended).toBe(true);
  });

  test.each<[string, string, string, object]>([
    ["bad-channel", "a//b", "answer", {}],
    ["bad-channel", "a", "", {}],
    ["bad-channel", "a", "b/c", {}],
    ["bad-channel", "a".repeat(190), "b".repeat(11), {}],
    ["reserved-channel", "@stream/a", "b", {}],
    ["reserved-channel", "a", "@b", {}],
    ["bad-request", "a", "b", { kind: "json" }],
    ["bad-request", "a", "b", { leaseMs: 999 }],
    ["bad-request", "a", "b", { leaseMs: "soon" }],
  ])("is not given where %s says why (P12)", (code, channel, name, options) => {
    const { eitherway } = createTestServer();
    expect(() => eitherway.stream(channel, name, options)).toThrowError(expect.objectContaining({ code }));
  });

  test.each([
    ["text", 1],
    ["text", new Uint8Array(1)],
    ["bytes", "x"],
  ] as const)("of %s refuses pieces of another kind (P12)", async (kind, piece) => {
    const server = createTestServer();
    const answer = server.eitherway.stream("job/7", "answer", { kind: kind as "text" });
    expect(await outcome(server, answer.append(piece as string))).toBe("bad-request");
    await expect(answer.fail("x", "")).rejects.toMatchObject({ code: "bad-event" });
  });

  test("needs a broker that keeps streams", () => {
    const { streams: _, ...without } = createMemoryBroker({ clock: createFakeClock(), random: () => 0.5 });
    const { eitherway } = createTestServer({ broker: () => without });
    expect(() => eitherway.stream("job/7", "answer")).toThrowError(expect.objectContaining({ code: "bad-request" }));
  });
});

describe("closing the server", () => {
  test("fails open streams, tells their readers before it says bye, and aborts their signals (P10)", async () => {
    const server = createTestServer();
    const socket = await server.upgrade();
    socket.send(`{"t":"hello","v":1,"client":"c1","channels":{"${LOG}":"now"}}`);
    const [answer, other] = [server.eitherway.stream("job/7", "answer"), server.eitherway.stream("job/8", "answer")];
    await outcome(server, answer.append("half an ans"));
    await outcome(server, other.end());
    socket.read();
    void answer.append("w");
    const closed = server.eitherway.close();
    await server.clock.settle();
    const heard = socket.read().map((text) => JSON.parse(String(text)));
    expect(heard).toMatchObject([
      {
        t: "messages",
        m: [
          { e: "piece", s: "w" },
          { e: "failed", d: { code: "drain" } },
        ],
      },
      { t: "bye", code: "drain" },
    ]);
    expect(answer.signal.reason).toMatchObject({ code: "closed" });
    expect(other.signal.aborted).toBe(false);
    await closed;
    expect(() => server.eitherway.stream("job/9", "answer")).toThrowError(expect.objectContaining({ code: "closed" }));
  });

  test("does not wait for ever for a broker that does not answer (P10)", async () => {
    const server = createTestServer({ broker: () => brokerWith({ finish: () => new Promise(() => {}) }) });
    server.eitherway.stream("job/7", "answer");
    let closed = false;
    void server.eitherway.close().then(() => {
      closed = true;
    });
    await server.clock.settle();
    expect(closed).toBe(false);
    server.clock.advance(3_000);
    await server.clock.settle();
    expect(closed).toBe(true);
  });
});

describe("a stream", () => {
  test("is read over the plain doors: its events, and its history (P2)", async () => {
    const server = createTestServer();
    const answer = server.eitherway.stream("job/7", "answer");
    await outcome(server, answer.append("The "));
    await outcome(server, answer.append("answer"));
    const { client, text } = await server.ask({ path: "/events", query: `channel=${LOG}&after=start` });
    expect(text).toMatch(/^event: piece\ndata: The answer\n/m);
    await outcome(server, answer.end());
    expect(client.readText()).toMatch(/event: end\ndata: null\n/);
    const { text: page } = await server.ask({ path: `/channels/${LOG}`, query: "after=start" });
    expect(JSON.parse(page)).toMatchObject({
      channel: LOG,
      messages: [{ event: "piece", text: "The answer" }, { event: "end" }],
    });
    expect(await stored(server)).toEqual(["piece The ", "piece answer", "end null"]);
  });

  test("takes no publish from anybody: the log is the server's, over every door (P12)", async () => {
    const server = createTestServer();
    const ask = (path: string, body: string, headers = {}) => server.ask({ method: "POST", path, body, headers });
    expect(await ask(`/channels/${LOG}`, "1", { "content-type": "application/json" })).toMatchObject({
      status: 403,
      code: "reserved-channel",
    });
    const publish = `{"t":"publish","k":"k","c":"${LOG}","d":1}`;
    expect(await ask("/commands", `{"t":"hello","v":1,"client":"c1"}\n${publish}`)).toMatchObject({
      code: "reserved-channel",
    });
    const socket = await server.upgrade();
    socket.send('{"t":"hello","v":1,"client":"c1"}');
    socket.send(publish);
    await server.clock.settle();
    expect(socket.read().map((text) => JSON.parse(String(text)).code)).toContain("reserved-channel");
    await expect(server.eitherway.publish(LOG, 1)).rejects.toMatchObject({ code: "reserved-channel" });
    expect(server.eitherway.stats().broker).toMatchObject({ channels: 0 });
  });
});

/** A server on its fake clock whose broker has these in place of the streams' own. */
function brokerWith(own: Partial<Streams>, clock = createFakeClock()) {
  const memory = createMemoryBroker({ clock, random: () => 0.5 });
  return { ...memory, streams: { ...(memory.streams as Streams), ...own } };
}

/** As a process that stands still, or has lost its broker. */
function serverThatCannotRenew(): TestServer {
  const clock = createFakeClock();
  const broker = brokerWith({ renew: () => Promise.reject(new Error("no connection")) }, clock);
  return createTestServer({ broker: () => broker }, clock);
}
