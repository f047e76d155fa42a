import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { rawConnect, requestText, testCertificate } from "../node/support.ts";
import { eventually, frameOf, helloText, nextFrame, openEvents, openStream, post, startDoors } from "./support.ts";

describe("head", () => {
  test("is 200 and text/event-stream, unbuffered, uncompressed, unstored, without words about the connection (S1, S3, S5)", async () => {
    const doors = await startDoors();
    const body = helloText({ a: "now" });
    const headers = { "content-length": String(body.length), "accept-encoding": "gzip, br" };
    const connection = await rawConnect(doors.port, requestText("POST", "/eitherway/stream", headers, body));
    const [head = ""] = (await connection.has("\r\n\r\n")).split("\r\n\r\n");
    const lines = head.toLowerCase().split("\r\n");
    expect(lines[0]).toBe("http/1.1 200 ok");
    expect(
      lines
        .slice(1)
        .filter((line) => !line.startsWith("date:"))
        .sort(),
    ).toEqual([
      "cache-control: no-store, no-transform",
      "content-type: text/event-stream; charset=utf-8",
      "transfer-encoding: chunked", // HTTP/1.1 needs it; Node writes it
      "x-accel-buffering: no",
      "x-content-type-options: nosniff",
    ]);
  });

  test("has no connection-specific header over HTTP/2 (S3)", async () => {
    const doors = await startDoors({ tls: await testCertificate() });
    const session = connectHttp2(doors.url, { rejectUnauthorized: false });
    onTestFinished(() => session.destroy());
    session.on("error", () => {});
    const request = session.request({ ":method": "POST", ":path": "/eitherway/stream" });
    request.on("error", () => {});
    request.end(helloText({ a: "now" }));
    const [headers] = await once(request, "response");
    expect(Object.keys(headers).sort()).toEqual(
      [":status", "cache-control", "content-type", "date", "x-accel-buffering", "x-content-type-options"].sort(),
    );
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => {
      text += piece;
    });
    await eventually(() => text.includes('"t":"live"'));
    await doors.publish("a", "over h2");
    await eventually(() => text.includes("over h2"));
  });

  test("comes with first bytes at once: retry and a comment, before any frame (S4)", async () => {
    const doors = await startDoors();
    const stream = await openStream(doors, {});
    expect(await nextFrame(stream)).toBe("welcome");
    expect(stream.text()).toMatch(/^retry: \d+\n: [^\n]*\n\n/);
  });

  test("tells each client another time to come back, between 1 and 3 s (S16)", async () => {
    const doors = await startDoors();
    const times = new Set<number>();
    for (let i = 0; i < 8; i++) {
      const stream = await openStream(doors, {});
      await stream.next();
      times.add(Number(/^retry: (\d+)/.exec(stream.text())?.[1]));
      stream.cancel();
    }
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...times)).toBeLessThan(3000);
    expect(times.size).toBeGreaterThan(1);
  });
});

describe("body", () => {
  test("is the hello's channels from their cursors, then live (P2, P3, S7, S18)", async () => {
    const doors = await startDoors();
    const [first = ""] = await doors.publish("a", "1", "2");
    const stream = await openStream(doors, { a: first, b: "now" });
    const frames = [await nextFrame(stream), await nextFrame(stream), await nextFrame(stream), await nextFrame(stream)];
    expect(frames[0]).toBe("welcome");
    expect(frames.slice(1).sort()).toEqual(["live a", "live b", "messages a 2"]);
    await doors.publish("b", "x");
    expect(await nextFrame(stream)).toBe("messages b x");
  });

  test("pings are dispatched events without an id (S10)", async () => {
    const doors = await startDoors({ pingMs: 15_000 });
    const stream = await openStream(doors, {});
    await stream.next();
    doors.skip(15_000);
    const ping = await stream.next();
    expect(frameOf(ping)).toEqual({ t: "ping" });
    expect(ping.id).toBeUndefined();
  });

  test("a cursor that the log cannot continue gives a gap, never silence (P2, S8)", async () => {
    const doors = await startDoors({ retention: { messages: 2 } });
    const [first = ""] = await doors.publish("a", "1", "2", "3", "4");
    const stream = await openStream(doors, { a: first });
    expect([await nextFrame(stream), await nextFrame(stream), await nextFrame(stream)]).toEqual([
      "welcome",
      "gap a trimmed",
      "live a",
    ]);
  });
});

describe("end", () => {
  test("comes after 5 min, give or take 20 %, with bye, and the body really ends (S17)", async () => {
    const doors = await startDoors({ pingMs: 1e9 });
    const streams = await Promise.all(Array.from({ length: 10 }, () => openStream(doors, { a: "now" })));
    for (const stream of streams) await stream.next();
    doors.skip(4 * 60_000 - 1_000);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(streams.filter((stream) => stream.ended)).toEqual([]);
    doors.skip(2 * 60_000 + 2_000);
    for (const stream of streams) {
      const events = await stream.rest();
      expect(frameOf(events.at(-1) as Parameters<typeof frameOf>[0])).toMatchObject({
        t: "bye",
        code: "rotate",
        after: 0,
      });
    }
    expect(doors.hub.stats().counters["links.closed.rotate"]).toBe(10);
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("differs from stream to stream: they do not end in one wave (S16, S17)", async () => {
    const doors = await startDoors({ pingMs: 1e9 });
    const streams = await Promise.all(Array.from({ length: 30 }, () => openStream(doors, {})));
    for (const stream of streams) await stream.next();
    doors.skip(5 * 60_000);
    await eventually(() => streams.some((stream) => stream.ended));
    await new Promise((resolve) => setTimeout(resolve, 150));
    const ended = streams.filter((stream) => stream.ended).length;
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThan(30);
  });

  test("resuming after it loses and doubles nothing (P2)", async () => {
    const doors = await startDoors({ pingMs: 1e9 });
    const stream = await openStream(doors, { a: "now" });
    await stream.next();
    const live = frameOf(await stream.next());
    doors.skip(7 * 60_000);
    await stream.rest();
    await doors.publish("a", "meanwhile");
    const next = await openStream(doors, { a: live.t === "live" ? live.id : "" });
    expect([await nextFrame(next), await nextFrame(next)]).toEqual(["welcome", "messages a meanwhile"]);
  });

  test("a client that goes away leaves nothing behind (S11, P6)", async () => {
    const doors = await startDoors();
    const stream = await openStream(doors, { a: "now" });
    await stream.next();
    expect(doors.hub.stats().links).toBe(1);
    stream.cancel();
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
    expect(doors.hub.stats().subscriptions).toEqual({ reading: 0, live: 0, lagging: 0 });
  });

  test("a client that never reads is closed as slow, and dropped though it does not take the bye (S9, P6)", async () => {
    const doors = await startDoors({ pingMs: 1e9 });
    const body = helloText({ a: "now" });
    const connection = await rawConnect(doors.port);
    connection.socket.pause();
    connection.socket.write(requestText("POST", "/eitherway/stream", { "content-length": String(body.length) }, body));
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    const text = "x".repeat(60_000);
    while (doors.hub.stats().subscriptions.lagging === 0) await doors.publish("a", text);
    doors.skip(31_000);
    await new Promise((resolve) => setTimeout(resolve, 150));
    doors.skip(6_000);
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("a slow reader that reads again goes on where it was: nothing lost (P2, S9)", {
    timeout: 60_000, // some kernels refill an emptied window by 64 KiB every 50 ms
  }, async () => {
    const doors = await startDoors({ pingMs: 1e9, retention: { messages: 10_000, bytes: 1e9 } });
    const body = helloText({ a: "now" });
    const connection = await rawConnect(doors.port);
    connection.socket.pause();
    connection.socket.write(requestText("POST", "/eitherway/stream", { "content-length": String(body.length) }, body));
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    let sent = 0;
    while (doors.hub.stats().subscriptions.lagging === 0 || sent % 10 !== 0) {
      await doors.publish("a", `#${sent++}# ${"x".repeat(50_000)}`);
    }
    connection.socket.resume();
    await doors.publish("a", "#last#");
    const all = await connection.has("#last#");
    const seen = [...all.matchAll(/#(\d+)#/g)].map(([, n]) => Number(n));
    expect(seen).toEqual([...Array(sent).keys()]);
  });
});

describe("refusals (P12)", () => {
  const cases: [what: string, status: number, code: string, body: string | Uint8Array][] = [
    ["an empty body", 400, "bad-json", ""],
    ["a body that is no JSON", 400, "bad-json", "{"],
    ["a body that is no UTF-8", 400, "bad-utf8", new Uint8Array([0xc3, 0x28])],
    ["a body that is another frame", 400, "bad-frame", '{"t":"pong"}'],
    ["an unknown frame", 400, "unknown-frame", '{"t":"dance"}'],
    ["another version", 400, "bad-version", '{"t":"hello","v":2,"client":"c","channels":{}}'],
    ["a cursor of another shape", 400, "bad-cursor", helloText({ a: "1" })],
    ["a body over limits.frameBytes", 413, "too-large", helloText({ ["a".repeat(3000)]: "now" })],
  ];
  for (const [what, status, code, body] of cases) {
    test(`${what} is ${status} ${code}, before any stream`, async () => {
      const doors = await startDoors({ limits: { frameBytes: 2000 } });
      const answer = await post(`${doors.url}/stream`, body);
      expect([answer.status, answer.error?.code, answer.error?.retry]).toEqual([status, code, false]);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(doors.hub.stats()).toMatchObject({ links: 0, timers: 0 });
      expect(doors.errors).toEqual([]);
    });
  }

  test("a full server answers 503 with retry-after and evicts nobody (S16)", async () => {
    const doors = await startDoors({ limits: { links: 1 } });
    const first = await openStream(doors, { a: "now" });
    await first.next();
    const second = await openEvents(`${doors.url}/stream`, { method: "POST", body: helloText({}) });
    expect(second.response.status).toBe(503);
    expect(second.response.headers.get("retry-after")).toBe("1");
    expect(await second.response.json()).toMatchObject({ error: { code: "too-many-links", retry: true } });
    await first.next();
    await doors.publish("a", "x");
    expect(await nextFrame(first)).toBe("messages a x");
  });
});
