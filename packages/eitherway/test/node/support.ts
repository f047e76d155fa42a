/** Real servers on free ports, and raw connections to them, for the tests of this folder and of `transports`. */
import { once } from "node:events";
import type { Server } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Clock, HttpExchange, Limits, Logger, UpgradeExchange } from "../../src/core/index.ts";
import { createCounters, DEFAULT_LIMITS } from "../../src/core/index.ts";
import type { AttachOptions, Certificate, NodeServer, NodeServerOptions } from "../../src/node/index.ts";
import { attach, createNodeClock, createNodeServer, createSelfSignedCertificate } from "../../src/node/index.ts";
import { readAhead } from "../../src/node/read-ahead.ts";
import { createUpgradeDoor } from "../../src/node/upgrade-door.ts";
import type { RequestHandler } from "../../src/transports/index.ts";
import { createUnfinishedMessages } from "../../src/transports/unfinished-messages.ts";
import { witnessed } from "../support/witness.ts";

export interface Running {
  readonly server: NodeServer;
  readonly port: number;
  /** What was logged as an error. */
  readonly errors: string[];
  /** What was counted, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface StartOptions extends NodeServerOptions, Partial<Omit<AttachOptions, "limits">> {
  readonly limits?: Partial<Limits>;
  /** As `listen()` does it: handshakes are read ahead of `node:http`. Default: `false`. */
  readonly ahead?: boolean;
  /** HTTP/2 alone, without TLS. Default: `false`. */
  readonly h2c?: boolean;
}

/** Starts a server for one test; it is gone when the test is. */
export async function start(handler: Partial<RequestHandler>, options: StartOptions = {}): Promise<Running> {
  const server = options.h2c ? createHttp2Server() : createNodeServer(options);
  const errors: string[] = [];
  const logger: Logger = witnessed({
    error: (event, fields) => errors.push(`${event} ${JSON.stringify(fields)}`),
  });
  const whole: RequestHandler = {
    handles: () => false,
    handle: () => Promise.reject(new Error("no requests here")),
    upgrade: (request) => request.refuse({ status: 404, headers: {} }),
    ...handler,
  };
  const metrics = createCounters();
  const settings: AttachOptions = {
    basePath: "/eitherway",
    clock: createNodeClock(),
    logger,
    metrics,
    unfinished: createUnfinishedMessages(),
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
  attach(server, whole, settings);
  if (options.ahead) readAhead(server as Server, createUpgradeDoor(whole, settings));
  return { server, port: await listen(server), errors, counters: metrics.all };
}

/** Listens on a free port of loopback until the test is over, whatever is still connected then. */
export async function listen(server: NodeServer): Promise<number> {
  const sockets = new Set<Socket>();
  for (const event of ["connection", "secureConnection"]) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Below what systems hand out for port 0 and for connections that go out (from 32768 on Linux, from 49152 elsewhere):
 * there, a port found free is often somebody else's by the time the program that it was found for has started.
 */
const FIRST_PORT = 20_000;
const PORTS_A_WORKER = 1_000;
const WORKERS = 12;
const firstOfWorker = FIRST_PORT + (Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS) * PORTS_A_WORKER;
let nextPort = process.pid; // other runs on this machine begin elsewhere

/** A port that nobody listens on, and nobody is given, for programs that cannot be asked for port 0. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORTS_A_WORKER; tried += 1) {
    const port = firstOfWorker + (nextPort++ % PORTS_A_WORKER);
    if (await isFree(port)) return port;
  }
  throw new Error(`No port is free from ${firstOfWorker} on, of ${PORTS_A_WORKER}.`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

let certificate: Promise<Certificate> | undefined;

/** One certificate for a test file: making one takes a process. */
export function testCertificate(): Promise<Certificate> {
  certificate ??= createSelfSignedCertificate();
  return certificate;
}

/** A server with TLS and an HTTP/2 connection to it. */
export async function session(
  handler: Partial<RequestHandler>,
  limits: Partial<Limits> = {},
  clock: Clock = createNodeClock(),
) {
  const running = await start(handler, { tls: await testCertificate(), limits, clock });
  const client = connectHttp2(`https://127.0.0.1:${running.port}`, { rejectUnauthorized: false });
  onTestFinished(() => client.destroy());
  client.on("error", () => {});
  await once(client, "connect");
  return { ...running, client };
}

/** A handler whose requests are answered by `handle`. */
export function answering(handle: (exchange: HttpExchange) => void | Promise<void>): Partial<RequestHandler> {
  return { handle: async (exchange) => handle(exchange) };
}

export function upgrading(upgrade: (request: UpgradeExchange) => void): Partial<RequestHandler> {
  return { upgrade };
}

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far, as latin1. */
  text(): string;
  bytes(): Buffer;
  /** Resolves once the received text has `part`; rejects when the connection ends before. */
  has(part: string | RegExp): Promise<string>;
  /** Resolves with everything when the peer has ended or cut the connection. */
  ended(): Promise<string>;
}

/** A TCP connection that sends exactly what it is told. */
export async function rawConnect(port: number, send: string | Uint8Array = ""): Promise<RawConnection> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return wrapRaw(socket, send);
}

export function wrapRaw(socket: Socket, send: string | Uint8Array = ""): RawConnection {
  const chunks: Buffer[] = [];
  let received = ""; // grows with the chunks: joining megabytes anew for each would take longer than the test
  let over = false;
  const changed = new Set<() => void>();
  const notify = (): void => {
    for (const look of [...changed]) look();
  };
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.toString("latin1");
    notify();
  });
  socket.on("error", () => {});
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      over = true;
      notify();
    });
  }
  onTestFinished(() => {
    socket.destroy();
  });
  if (send.length > 0) socket.write(send);
  const text = (): string => received;
  const until = <T>(look: () => T | undefined, failure: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined && !over) return;
        changed.delete(check);
        if (found === undefined) reject(new Error(`${failure}; received: ${JSON.stringify(text().slice(-2000))}`));
        else resolve(found);
      };
      changed.add(check);
      check();
    });
  return {
    socket,
    text,
    bytes: () => Buffer.concat(chunks),
    has(part) {
      let searched = 0;
      const isThere = (): boolean => {
        if (typeof part !== "string") return part.test(received);
        const found = received.indexOf(part, searched) >= 0;
        searched = Math.max(0, received.length - part.length);
        return found;
      };
      return until(() => (isThere() ? received : undefined), `the connection ended without ${String(part)}`);
    },
    ended: () => until(() => (over ? text() : undefined), ""),
  };
}

/** Resolves once `look` is true, looking again after each turn of I/O. The test's own time limit is the deadline. */
export async function eventually(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** An HTTP/1.1 request as text. */
export function requestText(method: string, path: string, headers: Record<string, string> = {}, body = ""): string {
  const lines = Object.entries({ host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}
