/** A primary's broker and those of its workers in one process, over the pipes that processes have. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Broker, createCounters, createMemoryBroker, type MemoryBrokerOptions } from "../../src/core/index.ts";
import { createNodeClock } from "../../src/node/index.ts";
import { createFakeClock, createSeededRandom, type FakeClock } from "../../src/testing/index.ts";
import { createBrokerHost } from "../../src/workers/broker-host.ts";
import { createWorkerBroker } from "../../src/workers/worker-broker.ts";
import { witnessed } from "../support/witness.ts";

export interface Primary {
  readonly clock: FakeClock;
  /** Its own broker, of which the workers' are views. */
  readonly memory: Broker;
  readonly counters: Readonly<Record<string, number>>;
  readonly errors: unknown[];
  addWorker(): Promise<Worker>;
  close(): void;
}

export interface Worker {
  readonly broker: Broker;
  /** Its end of the pipe. */
  readonly pipe: Socket;
  /** How often it was told that its primary is gone. */
  readonly lost: { count: number };
}

export interface PrimaryOptions extends Partial<MemoryBrokerOptions> {
  /** Stands between the workers and the memory broker. */
  readonly around?: (memory: Broker) => Partial<Broker>;
}

export function createPrimary({ around, ...options }: PrimaryOptions = {}): Primary {
  const clock = createFakeClock();
  const metrics = createCounters();
  const errors: unknown[] = [];
  const logger = witnessed({ error: (...event: unknown[]) => errors.push(event) });
  const memory = createMemoryBroker({ clock, random: createSeededRandom(1), metrics, ...options });
  const broker: Broker = { ...memory, ...around?.(memory) };
  const host = createBrokerHost({ broker, clock: createNodeClock(), metrics, logger });
  return {
    clock,
    memory,
    counters: metrics.all,
    errors,
    async addWorker() {
      const [ours, theirs] = await createPipe();
      const lost = { count: 0 };
      host.add(theirs);
      const worker = createWorkerBroker({
        stream: ours,
        ...{ metrics, logger, keyWindowMs: options.keyWindowMs ?? 1 },
        abilities: { streams: true, presence: true },
        lost: () => lost.count++,
      });
      return { broker: worker, pipe: ours, lost };
    },
    close: () => host.close(),
  };
}

/** Two ends of one pipe, as two processes have them. */
async function createPipe(): Promise<[Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-pipe-"));
  const server = createServer();
  const path = process.platform === "win32" ? `\\\\.\\pipe\\${folder}` : join(folder, "pipe");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const pair: [Socket, Socket] = [connect(path), await accepted];
  server.close();
  rmSync(folder, { recursive: true });
  onTestFinished(() => {
    for (const end of pair) end.destroy();
  });
  return pair;
}
