/**
 * The server that is measured: a process of its own, so that its CPU time, its memory and its sockets are its alone. It is asked over
 * IPC, and ends with whoever asks.
 */
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { type Broker, createMemoryBroker } from "../../core/index.ts";
import { type Heard, playTrace } from "../../instrument/index.ts";
import { createNodeServer, eitherway, type NodeEitherway, type NodeServer } from "../../node/index.ts";
import type { Payload } from "../../protocol/index.ts";
import { isUp } from "./client-way.ts";
import { contentOf, messageOf } from "./content.ts";
import type { Answer, MeasuredServerAbilities, Ports, Question, StartOptions, Usage } from "./measured-server.ts";
import { sharedClock } from "./shared-clock.ts";

const HOST = "127.0.0.1";
const SILENT = { info() {}, warn() {}, error() {} };

/** Memory settles only after a few collections. */
const COLLECTIONS = 4;

const HEARTBEAT_MS = 10;
const NANOS_PER_MS = 1_000_000;

/** What came to the log of a channel, until it is asked for. */
const arrivals = new Map<string, Arrival[]>();
const sockets = createSocketCount();
const delays = monitorEventLoopDelay({ resolution: HEARTBEAT_MS });
delays.enable();
let running: NodeEitherway;

const abilities: MeasuredServerAbilities = {
  start,
  async send({ channel, kind, trace: { fill, ...trace } }) {
    await playTrace(trace, sharedClock, (number, at) => {
      return running.publish(channel, contentOf(kind, { part: "down", number, at, fill }), { kind });
    });
  },
  async usage({ collected }) {
    if (collected) await collect();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const pausedMs = takePause();
    return { cpuMicros: user + system, rssBytes: rss, heldBytes: heapUsed + external, pausedMs, ...sockets.read() };
  },
  async heard({ channel }) {
    const all = arrivals.get(channel) ?? [];
    arrivals.delete(channel);
    return all.map(readArrival);
  },
};

process.on("message", async ({ id, ask, options }: Question) => {
  const answer = await (abilities[ask] as (options: unknown) => Promise<unknown>)(options).then(
    (value): Answer => ({ id, value }),
    (thrown: Error): Answer => ({ id, error: thrown.message }),
  );
  if (process.connected) process.send?.(answer);
});
process.on("disconnect", () => process.exit());
// Ctrl-C reaches every process of a terminal: whoever measures decides when this one ends, and keeps what is measured until then.
process.on("SIGINT", () => {});

/** Rounds make a channel each; what they leave must neither fill the memory nor weigh on later ones. */
const KEPT_MS = 60_000;

async function start({ tls, pingMs, ports }: StartOptions): Promise<Ports> {
  running = eitherway({
    broker: (parts) => overheard(createMemoryBroker(parts)),
    retention: { ageMs: KEPT_MS },
    keyWindowMs: KEPT_MS,
    ...{ pingMs, logger: SILENT },
  });
  const http1 = createNodeServer(tls && { tls });
  await open(http1, ports?.http1);
  if (tls) return { http1: portOf(http1), http2: portOf(http1) };
  // Browsers speak HTTP/2 over TLS alone; between programs it goes without, and compares with the others as they are here.
  const http2 = createHttp2Server();
  await open(http2, ports?.http2);
  return { http1: portOf(http1), http2: portOf(http2) };
}

async function open(server: NodeServer, port = 0): Promise<void> {
  server.on("connection", sockets.add);
  running.attach(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
}

function portOf(server: NodeServer): number {
  return (server.address() as AddressInfo).port;
}

interface Arrival {
  readonly payload: Payload;
  readonly at: number;
}

/** The broker, and when what clients publish comes to it. Read later: what is measured must not pay for it. */
function overheard(broker: Broker): Broker {
  return {
    ...broker,
    publish(channel, drafts) {
      if (isUp(channel)) {
        const at = sharedClock.now();
        const all = arrivals.get(channel) ?? [];
        arrivals.set(channel, all);
        for (const { payload } of drafts) all.push({ payload, at });
      }
      return broker.publish(channel, drafts);
    },
  };
}

function readArrival({ payload, at }: Arrival): Heard {
  const message = messageOf(payload.kind === "json" ? JSON.parse(payload.data) : payload.data);
  return { part: message.part, number: message.number, delayMs: at - message.at };
}

function takePause(): number {
  const pausedMs = Math.max(0, delays.max / NANOS_PER_MS - HEARTBEAT_MS);
  delays.reset();
  return pausedMs;
}

async function collect(): Promise<void> {
  for (let round = 0; round < COLLECTIONS; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function createSocketCount() {
  const open = new Set<Socket>();
  let gone = { bytesIn: 0, bytesOut: 0 };
  return {
    add(socket: Socket): void {
      open.add(socket);
      socket.once("close", () => {
        open.delete(socket);
        gone = plus(gone, socket);
      });
    },
    read(): Pick<Usage, "bytesIn" | "bytesOut" | "sockets"> {
      return { ...[...open].reduce(plus, gone), sockets: open.size };
    },
  };
}

function plus({ bytesIn, bytesOut }: { bytesIn: number; bytesOut: number }, { bytesRead, bytesWritten }: Socket) {
  return { bytesIn: bytesIn + bytesRead, bytesOut: bytesOut + bytesWritten };
}
