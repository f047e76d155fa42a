/** Connections of a server whose handshakes are read ahead of `node:http`. */
import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UpgradeExchange } from "../../src/core/index.ts";
import { createNodeServer, type NodeServerOptions } from "../../src/node/index.ts";
import { readAhead } from "../../src/node/read-ahead.ts";
import type { UpgradeRequest } from "../../src/node/upgrade-exchange.ts";
import type { RequestHandler } from "../../src/transports/index.ts";
import { TEXT_OPCODE, webSocketFrame } from "../../src/transports/websocket-frame.ts";
import { frame } from "../support/websocket-frames.ts";
import { fairHead, HANDSHAKE, oddHead, PROPERTY_SEED } from "./handshakes.ts";
import { eventually, listen, rawConnect, requestText, start } from "./support.ts";

const handshake = requestText("GET", "/eitherway?a", HANDSHAKE);

/** A server that says who has answered. */
async function open(options: NodeServerOptions = {}, takes = true) {
  const server = createNodeServer(options) as Server;
  let passedOn = 0;
  server.on("connection", () => passedOn++); // as Node's own listener, it is called with what goes on
  readAhead(server, ({ method, url, headers }: UpgradeRequest, socket: Duplex, head: Buffer) => {
    if (takes) socket.end(`ahead: ${method} ${url} ${headers.host} ${head.toString()}`);
    return takes;
  });
  server.on("upgrade", ({ method, url }, socket, head) => socket.end(`upgrade: ${method} ${url} ${String(head)}`));
  server.on("request", (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => response.end(`request: ${request.method} ${request.url} ${body}`));
  });
  return { server, port: await listen(server), passedOn: () => passedOn };
}

describe("a connection", () => {
  test("that begins with a whole handshake is taken, with what came behind it", async () => {
    const { port, passedOn } = await open();
    const connection = await rawConnect(port, `${handshake}behind`);
    expect(await connection.ended()).toBe("ahead: GET /eitherway?a localhost behind");
    expect(passedOn()).toBe(0);
  });

  test("that begins with a handshake nobody here wants goes on to node:http, untouched", async () => {
    const { port } = await open({}, false);
    const connection = await rawConnect(port, `${handshake}behind`);
    expect(await connection.ended()).toBe("upgrade: GET /eitherway?a behind");
  });

  test("that begins with part of a handshake goes on to node:http at once, and the rest follows", async () => {
    const { port, passedOn } = await open();
    const connection = await rawConnect(port, handshake.slice(0, 20));
    await eventually(() => passedOn() === 1);
    connection.socket.write(`${handshake.slice(20)}behind`);
    expect(await connection.ended()).toBe("upgrade: GET /eitherway?a behind");
  });

  test("with requests goes on to node:http, body and next request with it", async () => {
    const { port } = await open();
    const post = requestText("POST", "/a", { "content-length": "5" }, "hello");
    const connection = await rawConnect(port, post + requestText("GET", "/b", { connection: "close" }));
    expect(await connection.ended()).toMatch(/request: POST \/a hello[\s\S]*request: GET \/b $/);
  });

  test("that says nothing has to keep the deadline of node:http for a head (P6)", async () => {
    const { port } = await open({ headersMs: 50, requestMs: 100, checkMs: 20 });
    const connection = await rawConnect(port);
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 408 /);
  });

  test("that has said nothing for a while is answered when it does", async () => {
    const { port, passedOn } = await open();
    const connection = await rawConnect(port);
    await eventually(() => passedOn() === 1);
    connection.socket.write(`${handshake}behind`);
    expect(await connection.ended()).toBe("upgrade: GET /eitherway?a behind");
  });

  test("whose client ends or breaks it before it has said anything is let go (P6, P7)", async () => {
    const { server, port } = await open();
    const ending = await rawConnect(port);
    const breaking = await rawConnect(port);
    ending.socket.end();
    breaking.socket.resetAndDestroy();
    expect(await ending.ended()).toBe("");
    const count = async (): Promise<number> =>
      new Promise((resolve) => server.getConnections((_, open) => resolve(open)));
    while ((await count()) > 0) await turn();
    expect(await (await rawConnect(port, handshake)).ended()).toContain("ahead");
  });
});

/** Says all it knows of a handshake, and sends back what it gets. */
function tellAll(request: UpgradeExchange): void {
  const { path, query, remote, secure, protocols } = request;
  const names = ["host", "upgrade", "connection", "cookie", "authorization", "user-agent", "x-forwarded-for", "origin"];
  const told = JSON.stringify({
    path,
    query,
    remote,
    secure,
    protocols,
    headers: names.map((name) => request.header(name)),
  });
  const socket = request.accept(protocols[0] ?? "");
  socket.listen({
    message: (data) => socket.write(webSocketFrame(TEXT_OPCODE, Buffer.from(data))),
    drained() {},
    closed() {},
  });
  socket.write(webSocketFrame(TEXT_OPCODE, Buffer.from(told)));
}

const handler: Partial<RequestHandler> = {
  upgrade: tellAll,
  handle: async (exchange) => exchange.respond({ status: 200, headers: {}, body: `request ${exchange.path}` }),
};

describe("behind it", () => {
  test(`answers are those of node:http, byte by byte and however a head is cut, seed ${PROPERTY_SEED} (P12)`, async () => {
    const ahead = await start(handler, { ahead: true });
    const plain = await start(handler);
    const transcript = async (port: number, bytes: Buffer, cut: number): Promise<string> => {
      const { socket, ended } = await rawConnect(port);
      socket.setNoDelay();
      if (cut > 0) socket.write(bytes.subarray(0, cut));
      await turn();
      socket.end(bytes.subarray(cut));
      return (await ended()).replace(/^date: .*$/gim, "");
    };
    const echo = Buffer.from(frame(TEXT_OPCODE, { payload: "hi" }));
    const head = fc.oneof(fairHead, oddHead);
    await fc.assert(
      fc.asyncProperty(head, fc.boolean(), fc.option(fc.nat({ max: 400 })), async (text, speaks, cut) => {
        const bytes = Buffer.concat([Buffer.from(text, "latin1"), speaks ? echo : Buffer.alloc(0)]);
        const answers = [ahead, plain].map(({ port }) => transcript(port, bytes, Math.min(cut ?? 0, bytes.length)));
        const [ours, nodes] = await Promise.all(answers);
        expect(ours).toBe(nodes);
      }),
      { seed: PROPERTY_SEED, numRuns: 300 },
    );
  });

  test("a handler that takes its time loses nothing that comes meanwhile", async () => {
    const waiting: UpgradeExchange[] = [];
    const { port } = await start({ upgrade: (request) => waiting.push(request) }, { ahead: true });
    const connection = await rawConnect(port, handshake);
    await eventually(() => waiting.length === 1);
    const sent = new Promise((resolve) => connection.socket.write(frame(TEXT_OPCODE, { payload: "early" }), resolve));
    await sent;
    await turn(); // the server may have it now
    const [request] = waiting;
    if (request) tellAll(request);
    await connection.has("early");
  });
});
