import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { createCounters, DEFAULT_LIMITS } from "../../src/core/index.ts";
import { attach, createNodeClock, createNodeServer } from "../../src/node/index.ts";
import { createUnfinishedMessages } from "../../src/transports/unfinished-messages.ts";
import type { FramePeer } from "../../src/transports/websocket-reader.ts";
import { witnessed } from "../support/witness.ts";
import {
  answering,
  eventually,
  listen,
  rawConnect,
  requestText,
  start,
  testCertificate,
  upgrading,
  wrapRaw,
} from "./support.ts";

const hello = answering((exchange) => exchange.respond({ status: 200, headers: {}, body: `h${exchange.httpVersion}` }));

async function http2Session(port: number) {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  onTestFinished(() => session.destroy());
  session.on("error", () => {});
  await once(session, "remoteSettings");
  return session;
}

describe("with TLS", () => {
  test("speaks HTTP/2 and HTTP/1.1 on one port", async () => {
    const { port } = await start(hello, { tls: await testCertificate() });
    const session = await http2Session(port);
    const request = session.request({ ":path": "/eitherway" });
    expect(Buffer.concat(await request.toArray()).toString()).toBe("h2");
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    const connection = wrapRaw(socket, requestText("GET", "/eitherway"));
    await connection.has(/200 OK[\s\S]*h1/);
  });

  test("100 streams are open at once over one connection, where HTTP/1.1 browsers stop at 6", async () => {
    const handler = answering((exchange) => {
      exchange.stream({ status: 200, headers: {} }, { drained() {}, closed() {} }).write(Buffer.from("open"));
    });
    const { port } = await start(handler, { tls: await testCertificate() });
    const session = await http2Session(port);
    const streams = Array.from({ length: 100 }, () => session.request({ ":path": "/eitherway" }));
    for (const stream of streams) stream.on("error", () => {});
    const first = await Promise.all(streams.map((stream) => once(stream, "data")));
    expect(first.map(([data]) => String(data))).toEqual(Array(100).fill("open"));
  });

  test("extended CONNECT is never advertised", async () => {
    const { port } = await start(hello, { tls: await testCertificate() });
    const session = await http2Session(port);
    expect(session.remoteSettings.enableConnectProtocol).toBe(false);
    expect(session.remoteSettings.maxConcurrentStreams).toBe(250);
  });

  test("WebSockets stay on HTTP/1.1 of the same port", async () => {
    const handler = upgrading((request) => {
      const socket = request.accept("p");
      socket.listen({ message() {}, drained() {}, closed() {} });
      socket.close(4000, `secure ${request.secure}`);
    });
    const { port } = await start(handler, { tls: await testCertificate() });
    const webSocket = new WebSocket(`wss://127.0.0.1:${port}/eitherway`, ["p"], { rejectUnauthorized: false });
    const [, reason] = await once(webSocket, "close");
    expect(String(reason)).toBe("secure true");
  });

  test("a connection that never gets to a request is closed (P6)", async () => {
    const { port } = await start(hello, { tls: await testCertificate(), idleMs: 50 });
    const session = await http2Session(port);
    await once(session, "close");
  });
});

describe("a head that never ends", () => {
  for (const how of ["plain", "over TLS", "read ahead"] as const) {
    const secure = how === "over TLS";
    test(`is 408, ${how} (P6, P12)`, async () => {
      const tls = secure ? { tls: await testCertificate() } : { ahead: how === "read ahead" };
      const { port, counters } = await start(hello, { ...tls, headersMs: 50, requestMs: 100, checkMs: 20 });
      const say = secure ? secureConnect : rawConnect;
      const connection = await say(port, "GET /eitherway HTTP/1.1\r\nhost: localhost\r\nx-slow: ");
      const answer = await connection.ended();
      expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n[\s\S]*connection: close\r\n\r\n/);
      expect(refusalIn(answer)).toMatchObject({
        code: "head-timeout",
        retry: true,
        message: expect.stringMatching(/ 50 ms .*; send it at once/),
      });
      expect(counters["requests.refused.head-timeout"]).toBe(1);
    });
  }

  test.each([
    ["plain", false],
    ["over TLS", true],
  ])("is 431 when it is too large, %s (P6, P12)", async (_how, secure) => {
    const { port, counters } = await start(hello, secure ? { tls: await testCertificate() } : {});
    const say = secure ? secureConnect : rawConnect;
    const fits = await say(port, requestText("GET", `/eitherway?${"x".repeat(24_000)}`));
    await fits.has("200 OK");
    const tooLarge = await say(port, requestText("GET", "/eitherway", { "x-large": "x".repeat(40_000) }));
    const answer = await tooLarge.ended();
    expect(answer).toMatch(/^HTTP\/1.1 431 [\s\S]*connection: close/);
    const told = expect.stringMatching(/ limit of 32768 bytes; send fewer/);
    expect(refusalIn(answer)).toMatchObject({ code: "head-too-large", retry: false, message: told });
    expect(counters["requests.refused.head-too-large"]).toBe(1);
  });

  test("hurts no other client meanwhile (P7)", async () => {
    const { port } = await start(hello);
    const slow = await Promise.all(
      Array.from({ length: 50 }, () => rawConnect(port, "GET /eitherway HTTP/1.1\r\nx-slow: ")),
    );
    const response = await fetch(`http://127.0.0.1:${port}/eitherway`);
    expect(await response.text()).toBe("h1");
    expect(slow.every((connection) => connection.text() === "")).toBe(true);
  });
});

describe("bytes that are no HTTP", () => {
  const NONSENSE = "\u0000\u0001 nonsense\r\n\r\n";

  test("get 400 with the reason, and the server goes on (P7, P12)", async () => {
    const { port, counters } = await start(hello);
    const connection = await rawConnect(port, NONSENSE);
    const answer = await connection.ended();
    expect(answer).toMatch(/^HTTP\/1.1 400 [\s\S]*connection: close/);
    expect(refusalIn(answer)).toMatchObject({ code: "bad-request", retry: false });
    expect(answer).not.toContain("nonsense");
    expect(counters["requests.refused.bad-request"]).toBe(1);
    await eventually(() => connection.socket.destroyed);
    expect((await fetch(`http://127.0.0.1:${port}/eitherway`)).status).toBe(200);
  });

  test("behind a request whose answer has begun end the connection, and nothing is written into the answer (P2)", async () => {
    const handler = answering((exchange) => {
      exchange.stream({ status: 200, headers: {} }, { drained() {}, closed() {} }).write(Buffer.from("open"));
    });
    const { port, counters } = await start(handler);
    const connection = await rawConnect(port, requestText("GET", "/eitherway"));
    const begun = await connection.has("open\r\n");
    connection.socket.write(NONSENSE);
    expect(await connection.ended()).toBe(begun);
    expect(counters["requests.refused.bad-request"]).toBe(1);
  });

  test("are answered by the application where it listens for them, and counted all the same", async () => {
    const { server, port, counters } = await start(hello);
    server.on("clientError", (_error: Error, socket: Duplex) => socket.end("HTTP/1.1 400 Mine\r\n\r\n"));
    expect(await (await rawConnect(port, NONSENSE)).ended()).toBe("HTTP/1.1 400 Mine\r\n\r\n");
    expect(counters["requests.refused.bad-request"]).toBe(1);
  });

  test("are answered once where several are attached, and by Node alone when none is any more", async () => {
    const server = createNodeServer();
    const options = {
      clock: createNodeClock(),
      logger: SILENT,
      limits: DEFAULT_LIMITS,
      unfinished: createUnfinishedMessages<FramePeer>(),
    };
    const counted = ["/a", "/b"].map((basePath) => {
      const metrics = createCounters();
      const undo = attach(server, NO_DOORS, { ...options, basePath, metrics });
      return { counters: metrics.all, undo };
    });
    const port = await listen(server);
    const both = await (await rawConnect(port, NONSENSE)).ended();
    expect(both.split("HTTP/1.1 400 ")).toHaveLength(2);
    for (const { counters, undo } of counted) {
      expect(counters["requests.refused.bad-request"]).toBe(1);
      undo();
    }
    expect(server.listenerCount("clientError")).toBe(0);
    expect(await (await rawConnect(port, NONSENSE)).ended()).toBe(
      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    );
  });

  test("over TLS, and connections that break, are no refusals: there is nobody to be told", async () => {
    const { port, counters } = await start(hello, { tls: await testCertificate() });
    await (await rawConnect(port, requestText("GET", "/eitherway"))).ended();
    const broken = await rawConnect(port);
    broken.socket.resetAndDestroy();
    await http2Session(port);
    expect(counters).toEqual({});
  });
});

const SILENT = witnessed();
const NO_DOORS = {
  handles: () => false,
  handle: () => Promise.reject(new Error("no requests here")),
  upgrade() {},
};

/** HTTP/1.1 over TLS. */
async function secureConnect(port: number, text: string) {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
  await once(socket, "secureConnect");
  return wrapRaw(socket, text);
}

function refusalIn(answer: string): unknown {
  return (JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as { readonly error: unknown }).error;
}
