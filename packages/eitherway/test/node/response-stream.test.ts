import { once } from "node:events";
import { constants } from "node:http2";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, test } from "vitest";
import type { Clock, HttpExchange, ResponseStream } from "../../src/core/index.ts";
import { createNodeClock } from "../../src/node/index.ts";
import type { Abandonable } from "../../src/transports/abilities.ts";
import { answering, eventually, rawConnect, requestText, session, start, testCertificate } from "./support.ts";

const MIB = 1024 * 1024;

/** A handler that opens a stream, and what its sink was told. */
function streaming() {
  let stream: ResponseStream | undefined;
  const sink = {
    drains: 0,
    closes: 0,
    stream: () => stream as ResponseStream,
    /** Writes pieces until the sink is full; returns the bytes that it took. */
    async fill(pieceBytes: number): Promise<number> {
      const piece = Buffer.alloc(pieceBytes, "x");
      let total = 0;
      for (;;) {
        total += piece.length;
        if (!sink.stream().write(piece)) return total;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    handler: answering((exchange) => {
      stream = exchange.stream(
        { status: 200, headers: { "content-type": "text/event-stream" } },
        {
          drained: () => {
            sink.drains++;
          },
          closed: () => {
            sink.closes++;
          },
        },
      );
    }),
  };
  return sink;
}

describe("stream over HTTP/1.1", () => {
  test("sends its head at once, without words about the connection, then well-formed chunks (S3, S4)", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler);
    const connection = await rawConnect(port, requestText("GET", "/eitherway"));
    const head = await connection.has("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(head).not.toMatch(/^(connection|keep-alive|content-length):/im);
    sink.stream().write(new TextEncoder().encode("one"));
    await connection.has("3\r\none\r\n");
    sink.stream().cork();
    sink.stream().write(new TextEncoder().encode("two"));
    sink.stream().write(new Uint8Array(0)); // as a chunk it would end the body
    sink.stream().write(new TextEncoder().encode("three"));
    sink.stream().uncork();
    await connection.has("3\r\ntwo\r\n5\r\nthree\r\n");
    sink.stream().end();
    await connection.has("\r\n0\r\n\r\n");
    await eventually(() => sink.closes === 1);
    expect(sink.stream().write(new TextEncoder().encode("late"))).toBe(true);

    // The connection is as good as new.
    connection.socket.write(requestText("GET", "/eitherway"));
    await connection.has(/HTTP\/1.1 200[\s\S]*HTTP\/1.1 200/);
    expect(connection.text()).not.toContain("late");
    sink.stream().write(new TextEncoder().encode("again"));
    await connection.has("5\r\nagain\r\n");
    connection.socket.destroy();
    await eventually(() => sink.closes === 2);
  });

  test("leaves the request as it is: an access log of the application reads its headers when the response ends", async () => {
    const seen: (string | undefined)[] = [];
    const { port } = await start(
      answering((exchange) => {
        const stream = exchange.stream({ status: 200, headers: {} }, { drained() {}, closed() {} });
        seen.push(exchange.header("host"));
        stream.end();
      }),
    );
    const connection = await rawConnect(port, requestText("GET", "/eitherway"));
    await connection.has("\r\n\r\n");
    expect(seen).toEqual([expect.stringMatching(/./)]);
  });

  test("what is written in the turn of the head leaves with it, in one write", async () => {
    const waiting: number[] = [];
    const { port } = await start(
      answering((exchange) => {
        const stream = exchange.stream({ status: 200, headers: {} }, { drained() {}, closed() {} });
        waiting.push(stream.pendingBytes);
        stream.write(Buffer.from("one"));
        waiting.push(stream.pendingBytes);
        process.nextTick(() => waiting.push(stream.pendingBytes));
      }),
    );
    const connection = await rawConnect(port, requestText("GET", "/eitherway"));
    const text = await connection.has("3\r\none\r\n");
    expect(waiting).toEqual([text.indexOf("3\r\none"), text.length, 0]);
  });

  test("streams that end in the turn of their head are whole, and the connection is as good as new", async () => {
    const { port } = await start(
      answering((exchange) => {
        const stream = exchange.stream({ status: 200, headers: {} }, { drained() {}, closed() {} });
        stream.write(Buffer.from(exchange.query));
        stream.end();
      }),
    );
    const connection = await rawConnect(port, ["a", "b"].map((q) => requestText("GET", `/eitherway?${q}`)).join(""));
    await connection.has(/\r\n1\r\na\r\n0\r\n\r\nHTTP\/1.1 200[\s\S]*\r\n1\r\nb\r\n0\r\n\r\n$/);
    connection.socket.write(requestText("GET", "/eitherway?c"));
    await connection.has(/\r\n1\r\nc\r\n0\r\n\r\n$/);
  });

  test("a client that does not read makes it full, once; when it reads again it drains, once (S9, P7)", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler, { limits: { linkBytes: 256 * 1024 } });
    const connection = await rawConnect(port);
    connection.socket.pause();
    connection.socket.write(requestText("GET", "/eitherway"));
    await eventually(() => sink.stream() !== undefined);
    const total = await sink.fill(64 * 1024);
    expect(sink.stream().pendingBytes).toBeGreaterThanOrEqual(256 * 1024);
    expect(sink.drains).toBe(0);
    connection.socket.resume();
    await eventually(() => sink.drains > 0);
    expect(sink.stream().pendingBytes).toBe(0);
    await eventually(() => connection.bytes().length > total);
    expect(sink.drains).toBe(1);
  });

  test("one large write that the kernel takes whole does not count as full", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler);
    await rawConnect(port, requestText("GET", "/eitherway"));
    await eventually(() => sink.stream() !== undefined);
    expect(sink.stream().write(Buffer.alloc(128 * 1024))).toBe(true);
  });

  test("Node's own mark is not ours: below linkBytes nothing is full, so nothing drains", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler, { limits: { linkBytes: MIB } });
    const connection = await rawConnect(port, requestText("GET", "/eitherway"));
    await eventually(() => sink.stream() !== undefined);
    sink.stream().cork();
    expect(sink.stream().write(Buffer.alloc(128 * 1024))).toBe(true);
    expect(sink.stream().pendingBytes).toBeGreaterThan(128 * 1024);
    sink.stream().uncork();
    await eventually(() => connection.bytes().length > 128 * 1024);
    expect(sink.drains).toBe(0);
  });

  test("a client that was gone before the stream began is told as closed, once", async () => {
    const told: string[] = [];
    const { port } = await start(
      answering(async (exchange) => {
        await new Promise<void>((resolve) => (exchange as HttpExchange & Abandonable).onAbandoned(resolve));
        await exchange.body(1000).catch((error) => told.push(error.code));
        const stream = exchange.stream(
          { status: 200, headers: {} },
          { drained: () => told.push("drained"), closed: () => told.push("over") },
        );
        stream.write(Buffer.from("late"));
        stream.end();
      }),
    );
    const connection = await rawConnect(port, requestText("POST", "/eitherway", { "content-length": "5" }));
    await new Promise((resolve) => setTimeout(resolve, 10));
    connection.socket.destroy();
    await eventually(() => told.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(told).toEqual(["closed", "over"]);
  });

  test("a kept connection gathers no listeners, stream after stream", async () => {
    const sink = streaming();
    const { port, server } = await start(sink.handler);
    const [[accepted], connection] = await Promise.all([once(server, "connection"), rawConnect(port)]);
    const counts: number[] = [];
    for (let i = 1; i <= 5; i++) {
      connection.socket.write(requestText("GET", "/eitherway"));
      await eventually(() => connection.text().split("HTTP/1.1 200").length === i + 1);
      sink.stream().cork();
      expect(sink.stream().write(Buffer.alloc(2 * MIB))).toBe(false); // waits for a drain
      sink.stream().uncork();
      await eventually(() => sink.drains === i);
      sink.stream().end();
      await eventually(() => sink.closes === i);
      counts.push((accepted as Socket).listenerCount("drain"));
    }
    expect(counts).toEqual(Array(5).fill(counts[0]));
  });

  test("a client that is cut off is told as closed, once, also while it was full (S11)", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler);
    const connection = await rawConnect(port);
    connection.socket.pause();
    connection.socket.write(requestText("GET", "/eitherway"));
    await eventually(() => sink.stream() !== undefined);
    await sink.fill(64 * 1024);
    connection.socket.resetAndDestroy();
    await eventually(() => sink.closes > 0);
    sink.stream().write(Buffer.from("late"));
    sink.stream().end();
    sink.stream().destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect([sink.closes, sink.drains]).toEqual([1, 0]);
  });

  test("destroy drops the connection", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler);
    const connection = await rawConnect(port, requestText("GET", "/eitherway"));
    await connection.has("\r\n\r\n");
    sink.stream().destroy();
    expect(await connection.ended()).not.toContain("0\r\n\r\n");
    await eventually(() => sink.closes === 1);
  });

  test("a connection that ends is told to every stream on it, also to those that waited for their turn (S11, P6)", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler);
    const connection = await rawConnect(port, requestText("GET", "/eitherway").repeat(12));
    await connection.has("200 OK");
    connection.socket.destroy();
    await eventually(() => sink.closes === 12);
  });

  test("an HTTP/1.0 client gets the bytes without chunks", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler);
    const connection = await rawConnect(port, "GET /eitherway HTTP/1.0\r\n\r\n");
    await connection.has("\r\n\r\n");
    sink.stream().write(Buffer.from("plain"));
    sink.stream().end();
    expect(await connection.ended()).toMatch(/\r\n\r\nplain$/);
  });

  test("a pipelined request streams in its turn", async () => {
    const streams: ResponseStream[] = [];
    const closes: number[] = [];
    const { port } = await start(
      answering((exchange) => {
        const number = streams.length;
        const closed = () => closes.push(number);
        streams.push(exchange.stream({ status: 200, headers: {} }, { drained() {}, closed }));
      }),
    );
    const connection = await rawConnect(port, requestText("GET", "/eitherway") + requestText("GET", "/eitherway"));
    await eventually(() => streams.length === 2);
    streams[1]?.write(Buffer.from("second"));
    streams[0]?.write(Buffer.from("first"));
    await connection.has("first");
    expect(connection.text()).not.toContain("second");
    streams[0]?.end();
    await connection.has(/first[\s\S]*0\r\n\r\nHTTP\/1.1 200[\s\S]*second/);
    connection.socket.destroy(); // is told to the second by its response and by the connection
    await eventually(() => closes.length > 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(closes).toEqual([0, 1]);
  });
});

describe("over HTTP/2", () => {
  test("a stream pushes back, drains, ends and is closed once each", async () => {
    const sink = streaming();
    const { client } = await session(sink.handler, { linkBytes: MIB });
    const request = client.request({ ":path": "/eitherway" });
    await once(request, "response");
    const total = await sink.fill(64 * 1024);
    let received = 0;
    request.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    await eventually(() => sink.drains === 1);
    sink.stream().write(Buffer.from("end"));
    sink.stream().end();
    await once(request, "end");
    expect(received).toBe(total + 3);
    await eventually(() => sink.closes === 1);
  });

  test("destroy resets the stream only", async () => {
    const sink = streaming();
    const { client } = await session(sink.handler);
    const request = client.request({ ":path": "/eitherway" });
    request.on("error", () => {});
    await once(request, "response");
    sink.stream().destroy();
    await once(request, "close");
    expect(request.rstCode).toBe(constants.NGHTTP2_CANCEL);
    await eventually(() => sink.closes === 1);
    expect(client.destroyed).toBe(false);
  });

  test("a peer that breaks HTTP/2 and leaves is told as closed, though Node tells of neither (S11, P6)", async () => {
    const sink = streaming();
    const { port } = await start(sink.handler, { tls: await testCertificate(), clock: hasty });
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    socket.write(
      Buffer.concat([PREFACE, http2Frame(HEADERS, 1, GET_EITHERWAY), http2Frame(DATA, 0, Buffer.from("x"))]),
    );
    socket.on("error", () => {});
    socket.once("data", () => socket.destroy());
    await eventually(() => sink.closes === 1);
  });

  test("a peer that answers lives, however long it only listens", async () => {
    const sink = streaming();
    const { client } = await session(sink.handler, {}, hasty);
    let asked = 0;
    client.on("ping", () => asked++);
    const request = client.request({ ":path": "/eitherway" });
    await once(request, "response");
    await eventually(() => asked > 5);
    expect(sink.closes).toBe(0);
    request.close();
    await eventually(() => sink.closes === 1);
  });
});

/** The platform's clock, on which seconds pass like moments. */
const hasty: Clock = {
  ...createNodeClock(),
  after: (ms, run) => createNodeClock().after(ms >= 1_000 ? 50 : ms, run),
};

const DATA = 0;
const HEADERS = 1;
const END_STREAM_AND_HEADERS = 0x05;

function http2Frame(type: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = type === HEADERS ? END_STREAM_AND_HEADERS : 0;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client says first, with empty settings (frame type 4). */
const PREFACE = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), http2Frame(4, 0, Buffer.alloc(0))]);

/** HPACK: method GET and scheme https from the static table, then path and authority as they are. */
const GET_EITHERWAY = Buffer.from("\x82\x87\x04\x0a/eitherway\x01\x09localhost", "latin1");
