import { describe, expect, test } from "vitest";
import { binaryClientCodec, closeNumber, type ErrorCode, SUBPROTOCOLS } from "../../src/protocol/index.ts";
import { rawConnect, requestText } from "../node/support.ts";
import { brief, eventually, helloText, openSocket, publishText, startDoors } from "./support.ts";

const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

describe("handshake", () => {
  test("speaks the first of our subprotocols that the client offers", async () => {
    const doors = await startDoors();
    const socket = await openSocket(doors, ["other", SUBPROTOCOLS.binary, SUBPROTOCOLS.json]);
    expect(socket.webSocket.protocol).toBe(SUBPROTOCOLS.binary);
  });

  for (const offer of [undefined, "eitherway.v2.json"]) {
    test(`is refused with the two names when the client offers ${offer ?? "none"}`, async () => {
      const doors = await startDoors();
      const headers = { ...HANDSHAKE, ...(offer && { "sec-websocket-protocol": offer }) };
      const connection = await rawConnect(doors.port, requestText("GET", "/eitherway", headers));
      const answer = await connection.ended();
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(answer).toMatch(/bad-request[\s\S]*eitherway\.v1\.json or eitherway\.v1\.binary/);
    });
  }

  test("sockets that say nothing count as links: one more is refused, those that spoke go on (P6, P7)", async () => {
    const doors = await startDoors({ limits: { links: 2 } });
    const first = await openSocket(doors);
    await openSocket(doors);
    await expect(openSocket(doors)).rejects.toThrow("503");
    first.send(helloText({}));
    expect(await first.next()).toBe("welcome");
    await expect(openSocket(doors)).rejects.toThrow("503");
    first.webSocket.close();
    await eventually(() => doors.hub.stats().links === 0);
    await openSocket(doors);
    await expect(openSocket(doors)).rejects.toThrow("503"); // there was room for one
  });

  test("a handshake that a full server refuses leaves nothing behind, and is told when to come back (P6, P11)", async () => {
    const doors = await startDoors({ limits: { links: 1 } });
    await openSocket(doors);
    const headers = { ...HANDSHAKE, "sec-websocket-protocol": SUBPROTOCOLS.json };
    const connection = await rawConnect(doors.port, requestText("GET", "/eitherway", headers));
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*too-many-links/);
    expect(doors.hub.stats()).toMatchObject({ timers: 1, counters: { "links.refused.too-many-links": 1 } });
  });
});

describe("frames", () => {
  test("hello, publish, messages and ok, both ways (P1)", async () => {
    const doors = await startDoors();
    const [reader, writer] = [await openSocket(doors), await openSocket(doors)];
    reader.send(helloText({ a: "now" }));
    expect([await reader.next(), await reader.next()]).toEqual(["welcome", "live a"]);
    writer.send(helloText({}));
    await writer.next();
    for (let i = 1; i <= 3; i++) writer.send(publishText(`c1.${i}`, "a", i));
    expect([await writer.next(), await writer.next(), await writer.next()]).toEqual(["ok c1.1", "ok c1.2", "ok c1.3"]);
    const seen: string[] = [];
    while (seen.join().replace(/messages a /g, "") !== "1,2,3") seen.push(await reader.next());
  });

  test("the binary subprotocol carries the same frames (P3)", async () => {
    const doors = await startDoors();
    const { webSocket } = await openSocket(doors, [SUBPROTOCOLS.binary]);
    const frames: string[] = [];
    webSocket.removeAllListeners("message");
    webSocket.on("message", (data: Buffer, binary: boolean) => {
      frames.push(binary ? brief(binaryClientCodec.readServer(data)) : "a text message");
    });
    webSocket.send(binaryClientCodec.writeClient({ t: "hello", client: "c1", channels: new Map([["a", "now"]]) }));
    await eventually(() => frames.length === 2);
    await doors.publish("a", "x");
    await eventually(() => frames.length === 3);
    expect(frames).toEqual(["welcome", "live a", "messages a x"]);
  });

  test("what is kept is shown from a cursor, then live, without a hole (P2, S7)", async () => {
    const doors = await startDoors();
    const [first = ""] = await doors.publish("a", "1", "2", "3");
    const socket = await openSocket(doors);
    socket.send(helloText({ a: first }));
    expect([await socket.next(), await socket.next(), await socket.next()]).toEqual([
      "welcome",
      "messages a 2,3",
      "live a",
    ]);
    await doors.publish("a", "4");
    expect(await socket.next()).toBe("messages a 4");
  });
});

describe("bad input has a named close, and nobody else notices (P7, P12)", () => {
  const HELLO = helloText({ a: "now" });
  const cases: [what: string, code: ErrorCode, send: (string | Uint8Array)[]][] = [
    ["first frame is no hello", "bad-frame", ['{"t":"pong"}']],
    ["first frame is no JSON", "bad-json", ["{"]],
    ["first frame is of another version", "bad-version", ['{"t":"hello","v":9,"client":"c1","channels":{}}']],
    ["first frame has a cursor of another shape", "bad-cursor", [helloText({ a: "x" })]],
    ["first frame is larger than limits.frameBytes", "too-large", [`"${"x".repeat(3000)}"`]],
    ["first frame is binary", "bad-frame", [Buffer.from(HELLO)]],
    ["a later frame is no JSON", "bad-json", [HELLO, "nonsense"]],
    ["a later frame is binary", "bad-frame", [HELLO, new Uint8Array([1, 2])]],
    ["a later frame is larger than limits.frameBytes", "too-large", [HELLO, `"${"x".repeat(3000)}"`]],
  ];
  for (const [what, code, send] of cases) {
    test(`${what}: ${code}`, async () => {
      const doors = await startDoors({ limits: { frameBytes: 2000 } });
      const other = await openSocket(doors);
      other.send(helloText({ a: "now" }));
      expect([await other.next(), await other.next()]).toEqual(["welcome", "live a"]);

      const socket = await openSocket(doors);
      for (const frame of send) socket.send(frame);
      expect(await socket.closed()).toBe(`${closeNumber(code)} ${code}`);
      const frames: string[] = [];
      for (;;) {
        const frame = await socket.next().catch(() => undefined);
        if (frame === undefined) break;
        frames.push(frame);
      }
      expect(frames.at(-1)).toBe(`bye ${code}`);

      await doors.publish("a", "still here");
      expect(await other.next()).toBe("messages a still here");
      await eventually(() => doors.hub.stats().links === 1);
    });
  }

  test("JSON nested 100,000 deep: bad-json, before a parser sees it", async () => {
    const doors = await startDoors();
    const socket = await openSocket(doors);
    socket.send(HELLO);
    socket.send(`{"t":"publish","k":"k","c":"a","d":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
    expect(await socket.closed()).toBe(`${closeNumber("bad-json")} bad-json`);
    expect(doors.hub.stats().counters["frames.rejected.bad-json"]).toBe(1);
  });

  test("text that is no UTF-8: bad-utf8", async () => {
    const doors = await startDoors();
    const headers = { ...HANDSHAKE, "sec-websocket-protocol": SUBPROTOCOLS.json };
    const connection = await rawConnect(doors.port, requestText("GET", "/eitherway", headers));
    await connection.has("\r\n\r\n");
    connection.socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]));
    await connection.has(/"t":"bye","code":"bad-utf8"[\s\S]*bad-utf8$/);
  });

  test("an unknown frame is an error, and the link stays open", async () => {
    const doors = await startDoors();
    const socket = await openSocket(doors);
    socket.send(helloText({}));
    await socket.next();
    socket.send('{"t":"dance"}');
    expect(await socket.next()).toBe("error unknown-frame");
    socket.send(publishText("c1.1", "a", 1));
    expect(await socket.next()).toBe("ok c1.1");
  });

  test("silence instead of hello: hello-timeout", async () => {
    const doors = await startDoors({ limits: { helloMs: 60_000 } });
    const socket = await openSocket(doors);
    doors.skip(60_000);
    expect(await socket.closed()).toBe(`${closeNumber("hello-timeout")} hello-timeout`);
    expect(doors.hub.stats().counters["hellos.refused.hello-timeout"]).toBe(1);
    await eventually(() => doors.hub.stats().timers === 0);
  });

  test("a hello that is refused for its rate is told when to come back (P6, P11)", async () => {
    const doors = await startDoors({ user: "ana", limits: { commandsPerSecond: 1, commandBurst: 2 } });
    const answers: string[] = [];
    for (let i = 0; i < 2; i++) {
      const socket = await openSocket(doors);
      socket.send(helloText({ a: "start", b: "start", c: "start", d: "start" }));
      const frame = await socket.nextFrame();
      answers.push(frame.t);
      if (frame.t !== "bye") continue;
      expect(frame).toMatchObject({ code: "rate-limited", after: expect.any(Number) });
      expect(await socket.closed()).toBe(`${closeNumber("rate-limited")} rate-limited`);
    }
    expect(answers).toEqual(["welcome", "bye"]);
    expect(doors.hub.stats().counters["hellos.refused.rate-limited"]).toBe(1);
  });

  test("more links than limits.links: too-many-links for the newcomer (S16)", async () => {
    const doors = await startDoors({ limits: { links: 1 } });
    const first = await openSocket(doors);
    first.send(helloText({ a: "now" }));
    await first.next();
    await expect(openSocket(doors)).rejects.toThrow("503");
    await first.next();
    await doors.publish("a", "x");
    expect(await first.next()).toBe("messages a x");
  });
});

describe("liveness", () => {
  test("a peer that answers no ping is closed as silent (S11)", async () => {
    const doors = await startDoors({ pingMs: 15_000 });
    const socket = await openSocket(doors);
    socket.send(helloText({}));
    expect(await socket.next()).toBe("welcome");
    doors.skip(15_000);
    expect(await socket.next()).toBe("ping");
    for (let i = 0; i < 10 && doors.hub.stats().links > 0; i++) {
      doors.skip(15_000);
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    expect(await socket.closed()).toBe(`${closeNumber("silent")} silent`);
  });

  test("a slow client that reads again goes on where it was, in order (P1, P2, S9)", async () => {
    const doors = await startDoors({ pingMs: 1e9, retention: { messages: 10_000, bytes: 1e9 } });
    const slow = await openSocket(doors);
    slow.send(helloText({ a: "now" }));
    expect([await slow.next(), await slow.next()]).toEqual(["welcome", "live a"]);
    slow.webSocket.pause();
    const padding = "x".repeat(60_000);
    const texts: string[] = [];
    const publish = async (): Promise<void> => {
      texts.push(`${texts.length} ${padding}`);
      await doors.publish("a", texts.at(-1) ?? "");
    };
    while (doors.hub.stats().subscriptions.lagging === 0) await publish();
    for (let i = 0; i < 10; i++) await publish();
    slow.webSocket.resume();
    const seen: unknown[] = [];
    while (seen.length < texts.length) {
      const frame = await slow.nextFrame();
      if (frame.t === "messages") seen.push(...frame.messages.map((message) => message.data));
    }
    expect(seen.map((text) => Number.parseInt(String(text), 10))).toEqual([...texts.keys()]);
  });

  test("a client that never reads is closed as slow; the others get everything (S9, P6, P7)", {
    timeout: 30_000,
  }, async () => {
    const doors = await startDoors({ pingMs: 1e9, limits: { slowMs: 30_000 } });
    const reader = await openSocket(doors);
    reader.send(helloText({ a: "now" }));
    await reader.next();
    await reader.next();
    const deaf = await openSocket(doors);
    deaf.webSocket.pause();
    deaf.send(helloText({ a: "now" }));
    await eventually(() => doors.hub.stats().subscriptions.live === 2);
    const text = "x".repeat(60_000);
    let received = 0;
    let sent = 0;
    while (doors.hub.stats().subscriptions.lagging === 0) {
      await doors.publish("a", text);
      sent++;
      const frame = await reader.nextFrame();
      if (frame.t === "messages") received += frame.messages.length;
    }
    doors.skip(30_000);
    await eventually(() => doors.hub.stats().subscriptions.lagging === 0);
    await doors.publish("a", "last");
    const last = await reader.nextFrame();
    expect(received).toBe(sent);
    expect(brief(last)).toBe("messages a last");
    await eventually(() => doors.hub.stats().links === 1);
  });
});
