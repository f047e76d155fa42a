import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { DEFAULT_LIMITS, type UpgradedSocket } from "../../src/core/index.ts";
import { ServerSocket, socketSettings } from "../../src/node/upgraded-socket.ts";
import { closeNumber, type EitherwayError, jsonServerCodec } from "../../src/protocol/index.ts";
import { createUnfinishedMessages } from "../../src/transports/unfinished-messages.ts";
import {
  BINARY_OPCODE,
  createWebSocketTextFraming,
  TEXT_OPCODE,
  webSocketFrame,
} from "../../src/transports/websocket-frame.ts";
import type { FramePeer } from "../../src/transports/websocket-reader.ts";
import { text as textFrame } from "../support/websocket-frames.ts";
import {
  eventually,
  type RawConnection,
  rawConnect,
  requestText,
  type StartOptions,
  start,
  upgrading,
} from "./support.ts";

interface Seen {
  readonly messages: (string | Uint8Array)[];
  readonly failures: EitherwayError[];
  drains: number;
  closes: number;
  socket(): UpgradedSocket;
}

/** A server that takes sockets and notes what they tell. With `failures`, it closes on failures in its own words. */
async function accepting({ limits, ownWords = true }: { limits?: StartOptions["limits"]; ownWords?: boolean } = {}) {
  let socket: UpgradedSocket | undefined;
  const seen: Seen = { messages: [], failures: [], drains: 0, closes: 0, socket: () => socket as UpgradedSocket };
  const handler = upgrading((request) => {
    const accepted = request.accept(request.protocols[0] ?? "");
    socket = accepted;
    const failed = (error: EitherwayError): void => {
      seen.failures.push(error);
      accepted.write(webSocketFrame(TEXT_OPCODE, Buffer.from("bye")));
      accepted.close(closeNumber(error.code), error.code);
    };
    accepted.listen({
      message: (data) => seen.messages.push(data),
      drained: () => {
        seen.drains++;
      },
      closed: () => {
        seen.closes++;
      },
      ...(ownWords && { failed }),
    });
  });
  const { port } = await start(handler, { ...(limits && { limits }) });
  return { port, seen };
}

async function open(port: number): Promise<WebSocket> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/eitherway`, ["p"]);
  webSocket.on("error", () => {});
  await once(webSocket, "open");
  return webSocket;
}

const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  "sec-websocket-protocol": "p",
};

/** A connection past its handshake that sends whatever bytes a test wants. */
async function openRaw(port: number): Promise<RawConnection> {
  const connection = await rawConnect(port, requestText("GET", "/eitherway", HANDSHAKE));
  await connection.has("\r\n\r\n");
  return connection;
}

/** A masked client frame with the first byte as given. */
function clientFrame(firstByte: number, payload: Uint8Array): Buffer {
  const mask = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, i) => byte ^ (mask[i % 4] as number)));
  return Buffer.concat([Buffer.from([firstByte, 0x80 | payload.length]), mask, masked]);
}

/** The close frame at the end of what a raw connection received: number and reason. */
function closeFrame(bytes: Buffer): string {
  const at = bytes.lastIndexOf(0x88);
  const length = bytes[at + 1] as number;
  return `${bytes.readUInt16BE(at + 2)} ${bytes.subarray(at + 4, at + 2 + length).toString()}`;
}

test("delivers text as strings and bytes as bytes, in both directions", async () => {
  const { port, seen } = await accepting();
  const webSocket = await open(port);
  const received: unknown[] = [];
  webSocket.on("message", (data, binary) => received.push(binary ? data : String(data)));
  webSocket.send("grüße");
  webSocket.send(new Uint8Array([0, 255]));
  await eventually(() => seen.messages.length === 2);
  expect(seen.messages).toEqual(["grüße", Buffer.from([0, 255])]);
  expect(seen.socket()).toMatchObject({ protocol: "p" });
  seen.socket().cork();
  seen.socket().write(webSocketFrame(TEXT_OPCODE, Buffer.from("grüße")));
  seen.socket().write(webSocketFrame(BINARY_OPCODE, Buffer.from([1, 2])));
  seen.socket().uncork();
  await eventually(() => received.length === 2);
  expect(received).toEqual(["grüße", Buffer.from([1, 2])]);
});

test("answers pings of the peer by itself, between our frames and never inside one", async () => {
  const { port, seen } = await accepting();
  const webSocket = await open(port);
  const received: string[] = [];
  let pongs = 0;
  webSocket.on("message", (data) => received.push(String(data)));
  webSocket.on("pong", () => pongs++);
  const large = "x".repeat(200_000);
  for (let i = 0; i < 20; i++) {
    webSocket.ping();
    seen.socket().write(webSocketFrame(TEXT_OPCODE, Buffer.from(`${i} ${large}`)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(() => received.length === 20 && pongs === 20);
  expect(received.map((text) => Number.parseInt(text, 10))).toEqual([...Array(20).keys()]);
});

test("closes with number and reason, and is told as closed, once", async () => {
  const { port, seen } = await accepting();
  const webSocket = await open(port);
  const closed = once(webSocket, "close");
  seen.socket().close(4000, "drain");
  seen.socket().close(4000, "drain");
  expect(seen.socket().write(webSocketFrame(TEXT_OPCODE, Buffer.from("late")))).toBe(true);
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([4000, "drain"]);
  await eventually(() => seen.closes === 1);
});

for (const [how, leave] of [
  ["says goodbye", (webSocket: WebSocket) => webSocket.close(1000)],
  ["is cut off", (webSocket: WebSocket) => webSocket.terminate()],
] as const) {
  test(`a peer that ${how} is told as closed, once`, async () => {
    const { port, seen } = await accepting();
    leave(await open(port));
    await eventually(() => seen.closes === 1);
    expect(seen.failures).toEqual([]);
  });
}

test("a peer that never answers the close frame is cut off (S11)", { timeout: 15_000 }, async () => {
  const { port, seen } = await accepting();
  const connection = await openRaw(port);
  seen.socket().close(4003, "silent");
  seen.socket().write(webSocketFrame(TEXT_OPCODE, Buffer.from("late"))); // RFC 6455 5.5.1: nothing after a close frame
  await connection.ended();
  expect(connection.text()).not.toContain("late");
  await eventually(() => seen.closes === 1);
  expect(closeFrame(connection.bytes())).toBe("4003 silent");
});

test("a peer that does not read makes it full, once; when it reads again it drains, once (S9, P7)", async () => {
  const { port, seen } = await accepting({ limits: { linkBytes: 256 * 1024 } });
  const connection = await openRaw(port);
  connection.socket.pause();
  const frame = webSocketFrame(BINARY_OPCODE, new Uint8Array(64 * 1024));
  while (seen.socket().write(frame)) await new Promise((resolve) => setImmediate(resolve));
  expect(seen.socket().pendingBytes).toBeGreaterThanOrEqual(256 * 1024);
  connection.socket.resume();
  await eventually(() => seen.drains > 0);
  expect([seen.drains, seen.socket().pendingBytes]).toEqual([1, 0]);
});

test("reading stops and goes on: backpressure for the peer", async () => {
  const { port, seen } = await accepting();
  const webSocket = await open(port);
  seen.socket().setReading(false);
  webSocket.send("one");
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(seen.messages).toEqual([]);
  seen.socket().setReading(true);
  await eventually(() => seen.messages.length === 1);
});

describe("what is no WebSocket message", () => {
  const cases: [what: string, code: "too-large" | "bad-utf8" | "bad-frame", bytes: Uint8Array][] = [
    ["a message over limits.frameBytes", "too-large", clientFrame(0x81, Buffer.alloc(101, "x"))],
    [
      "fragments that together are over limits.frameBytes",
      "too-large",
      Buffer.concat([clientFrame(0x01, Buffer.alloc(60, "x")), clientFrame(0x80, Buffer.alloc(60, "x"))]),
    ],
    ["text that is no UTF-8", "bad-utf8", clientFrame(0x81, Buffer.from([0xc3, 0x28]))],
    ["a frame with a reserved bit", "bad-frame", clientFrame(0xc1, Buffer.from("x"))],
    ["a frame without a mask", "bad-frame", Buffer.from([0x81, 0x01, 0x78])],
    ["a frame of an unknown kind", "bad-frame", clientFrame(0x83, Buffer.from("x"))],
    ["bytes that are no frames", "bad-frame", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ];
  for (const [what, code, bytes] of cases) {
    test(`${what}: told as ${code}, closed in our words (P12)`, async () => {
      const { port, seen } = await accepting({ limits: { frameBytes: 100 } });
      const connection = await openRaw(port);
      connection.socket.write(bytes);
      await connection.has("bye");
      await eventually(() => connection.bytes().includes(code));
      expect(closeFrame(connection.bytes())).toBe(`${closeNumber(code)} ${code}`);
      expect(seen.failures.map((error) => error.code)).toEqual([code]);
      expect(seen.messages).toEqual([]);
      connection.socket.destroy();
      await eventually(() => seen.closes === 1);
    });
  }

  test("a listener without words of its own: the socket closes with the number of the code", async () => {
    const { port, seen } = await accepting({ limits: { frameBytes: 100 }, ownWords: false });
    const webSocket = await open(port);
    webSocket.send("x".repeat(101));
    const [code, reason] = await once(webSocket, "close");
    expect([code, String(reason)]).toEqual([closeNumber("too-large"), "too-large"]);
    await eventually(() => seen.closes === 1);
  });

  test("a flood of pings that nobody reads the answers of makes two pongs wait at most, the newest one last (P6)", async () => {
    const { port, seen } = await accepting();
    const connection = await openRaw(port);
    connection.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 20_000 }, () => clientFrame(0x89, Buffer.alloc(125))));
    for (let i = 0; i < 10; i++) connection.socket.write(pings); // 25 MB of pongs: more than any kernel holds for a peer
    connection.socket.write(clientFrame(0x89, Buffer.from("the newest")));
    connection.socket.write(clientFrame(0x81, Buffer.from("all read")));
    await eventually(() => seen.messages.length === 1);
    const { pendingBytes } = seen.socket();
    expect(pendingBytes).toBeGreaterThan(0);
    expect(pendingBytes).toBeLessThanOrEqual(2 * 127);
    connection.socket.resume();
    await connection.has("the newest");
    expect(seen.closes).toBe(0);
  });
});

describe("between cork and uncork", () => {
  function corked({ linkBytes = DEFAULT_LIMITS.linkBytes } = {}) {
    const written: string[] = [];
    let taking = true;
    class Wire extends Duplex {
      override _read(): void {}
      override _write(chunk: Buffer, _: unknown, done: () => void): void {
        written.push(chunk.toString("latin1"));
        if (taking) done();
      }
      override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
        written.push(chunks.map(({ chunk }) => chunk.toString("latin1")).join("|"));
        if (taking) done();
      }
    }
    const wire = new Wire({ writableHighWaterMark: linkBytes });
    const socket = new ServerSocket(
      wire,
      "p",
      socketSettings({ ...DEFAULT_LIMITS, linkBytes }, createUnfinishedMessages()),
    );
    socket.cork();
    return {
      socket,
      wire,
      written,
      write: (text: string) => socket.write(Buffer.from(text)),
      stopTaking() {
        taking = false;
      },
    };
  }

  test("small writes wait, count as pending, and leave as one buffer in order", () => {
    const { socket, written, write } = corked();
    for (const text of ["one", "two", "three"]) expect(write(text)).toBe(true);
    expect([written, socket.pendingBytes]).toEqual([[], 11]);
    socket.uncork();
    expect([written, socket.pendingBytes]).toEqual([["onetwothree"], 0]);
    write("four");
    expect(written).toEqual(["onetwothree", "four"]);
  });

  test("what would be too much to copy leaves in one write as well, in order", () => {
    const { socket, written, write } = corked();
    const large = "x".repeat(10_000);
    for (const text of ["one", large, "two"]) write(text);
    expect(written).toEqual([]);
    socket.uncork();
    expect(written).toEqual([`one|${large}|two`]);
  });

  test("a peer that takes nothing fills the socket before its uncork, and drains it afterwards (P6)", async () => {
    const { socket, wire, write, stopTaking } = corked({ linkBytes: 1_000 });
    const told: string[] = [];
    socket.listen({ message() {}, drained: () => told.push("drained"), closed() {} });
    stopTaking();
    let taken = 0;
    while (write("x".repeat(100))) taken++;
    expect(taken).toBeLessThan(10);
    expect(socket.pendingBytes).toBeLessThanOrEqual(1_000);
    socket.uncork();
    expect(told).toEqual([]);
    wire.emit("drain");
    expect(told).toEqual(["drained"]);
  });

  test("a close leaves behind what was gathered, and uncork adds nothing", () => {
    const { socket, written, write } = corked();
    write("last words");
    socket.close(1000, "bye");
    socket.uncork();
    expect(written.join("")).toMatch(/^last words\x88/);
    expect(written.join("").match(/last words/g)).toHaveLength(1);
  });

  test("a peer that says goodbye first still gets what was gathered", async () => {
    const { wire, written, write } = corked();
    write("last words");
    wire.push(null);
    wire.resume();
    await eventually(() => wire.writableFinished);
    expect(written).toEqual(["last words"]);
  });
});

test("a connection that breaks off inside a message frees what was held of it (P6)", async () => {
  const all = createUnfinishedMessages<FramePeer>();
  const wire = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const socket = new ServerSocket(wire, "p", socketSettings(DEFAULT_LIMITS, all));
  socket.listen({ message() {}, drained() {}, closed() {} });
  wire.push(Buffer.from(textFrame("x".repeat(10_000), { final: false })));
  await eventually(() => all.held > 0);
  wire.destroy();
  await eventually(() => all.held === 0);
});

test("frames that wait for a peer keep no more memory than their own, and that of the first few (P6)", () => {
  const waiting: Buffer[] = [];
  class Stuck extends Duplex {
    override write(chunk: unknown): boolean {
      waiting.push(chunk as Buffer);
      return super.write(chunk); // which no `_write` ever ends
    }
    override _read(): void {}
    override _write(): void {}
  }
  const socket = new ServerSocket(new Stuck(), "p", socketSettings(DEFAULT_LIMITS, createUnfinishedMessages()));
  const framing = createWebSocketTextFraming(jsonServerCodec);
  while (socket.write(framing.frame({ t: "live", channel: "a", id: "000000000000-00000001" }))) {
    for (let i = 0; i < 400; i++) framing.frame({ t: "ping" }); // for others, so that the next one is elsewhere
  }
  const memory = new Set(waiting.map(({ buffer }) => buffer));
  const kept = [...memory].reduce((bytes, { byteLength }) => bytes + byteLength, 0);
  expect(waiting.length).toBeGreaterThan(500);
  expect(kept).toBeLessThan(8 * DEFAULT_LIMITS.linkBytes);
});
