/** The servers of the transport suite as two workers: real processes that share a port round-robin, and the broker of the test's process. */
import cluster, { type Worker } from "node:cluster";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCounters, createMemoryBroker, type HubStats } from "../../src/core/index.ts";
import { createNodeClock, DEFAULT_LIMITS } from "../../src/node/index.ts";
import {
  createSuiteServer,
  type ServerSettings,
  type SuiteEitherway,
  type SuiteServer,
} from "../../src/testing/index.ts";
import { createBrokerHost } from "../../src/workers/broker-host.ts";
import { createWorkerBroker } from "../../src/workers/worker-broker.ts";
import { witnessed } from "../support/witness.ts";

const SILENT = witnessed();
const WORKERS = 2;

type Said = { readonly ready?: true; readonly started?: string; readonly stopped?: true; readonly stats?: HubStats };

export interface SuiteWorkers {
  start(settings: ServerSettings): Promise<SuiteServer>;
  end(): Promise<void>;
}

export async function startSuiteWorkers(): Promise<SuiteWorkers> {
  const exec = fileURLToPath(new URL("./programs/suite-worker.js", import.meta.url));
  cluster.setupPrimary({ exec, args: [], execArgv: [] });
  const workers = Array.from({ length: WORKERS }, () => cluster.fork());
  await Promise.all(workers.map((worker) => says(worker, "ready")));
  return {
    // Its calls keep what they wait for in the memory of their process, so it runs in one.
    start: (settings) => startServer(settings.application ? workers.slice(0, 1) : workers, settings),
    async end() {
      for (const worker of workers) worker.process.kill("SIGKILL");
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))));
    },
  };
}

async function startServer(workers: readonly Worker[], settings: ServerSettings): Promise<SuiteServer> {
  let running = await startNode(workers, settings, 0);
  return {
    url: running.url,
    publish: (channel, data, options) => running.inside.publish(channel, data, options),
    stream: (channel, name) => running.inside.stream(channel, name),
    stats: () => running.stats(),
    async restart() {
      await running.close();
      running = await startNode(workers, settings, Number(new URL(running.url).port));
    },
    close: () => running.close(),
  };
}

interface RunningNode {
  readonly url: string;
  /** A node without links, in this process: what the server itself publishes comes from there. */
  readonly inside: SuiteEitherway;
  stats(): HubStats;
  close(): Promise<void>;
}

async function startNode(workers: readonly Worker[], settings: ServerSettings, port: number): Promise<RunningNode> {
  const parts = { clock: createNodeClock(), metrics: createCounters(), logger: SILENT };
  const broker = createMemoryBroker({ ...parts, random: Math.random, ...settings, limits: limitsOf(settings) });
  const host = createBrokerHost({ ...parts, broker });
  const folder = mkdtempSync(join(tmpdir(), "eitherway-suite-"));
  const path = process.platform === "win32" ? `\\\\.\\pipe\\${folder}` : join(folder, "pipe");
  const pipes = createServer((pipe) => host.add(pipe));
  await new Promise<void>((resolve) => pipes.listen(path, resolve));

  const stats = new Map<Worker, HubStats>();
  const hears = workers.map((worker) => {
    const hear = ({ stats: told }: Said): void => void (told && stats.set(worker, told));
    worker.on("message", hear);
    return () => worker.off("message", hear);
  });
  const urls = await Promise.all(workers.map((worker) => ask(worker, { start: { path, port, settings } }, "started")));
  const inside = createSuiteServer({
    ...{ limits: limitsOf(settings), retention: settings.retention ?? {}, logger: SILENT },
    broker: ({ metrics, logger, keyWindowMs }) =>
      createWorkerBroker({
        ...{ metrics, logger, keyWindowMs, stream: connect(path), abilities: { streams: true, presence: true } },
        lost() {},
      }),
  });
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    await Promise.all(workers.map((worker) => ask(worker, { stop: true }, "stopped")));
    await inside.close();
    for (const stop of hears) stop();
    pipes.close();
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    url: urls[0] as string,
    inside,
    stats: () => sumOf([...stats.values()], inside.stats()),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function limitsOf({ limits }: ServerSettings) {
  return { ...DEFAULT_LIMITS, ...limits };
}

/** What the cases look at. */
function sumOf(all: readonly HubStats[], nothing: HubStats): HubStats {
  const sum = (of: (stats: HubStats) => number): number => all.reduce((total, stats) => total + of(stats), 0);
  return {
    ...nothing,
    links: sum(({ links }) => links),
    subscriptions: {
      reading: sum(({ subscriptions }) => subscriptions.reading),
      live: sum(({ subscriptions }) => subscriptions.live),
      lagging: sum(({ subscriptions }) => subscriptions.lagging),
    },
  };
}

async function ask<Name extends keyof Said>(worker: Worker, question: object, name: Name) {
  const answer = says(worker, name);
  worker.send(question);
  return answer;
}

function says<Name extends keyof Said>(worker: Worker, name: Name): Promise<Said[Name]> {
  return new Promise((resolve) => {
    const hear = (said: Said): void => {
      if (said[name] === undefined) return;
      worker.off("message", hear);
      resolve(said[name]);
    };
    worker.on("message", hear);
  });
}
