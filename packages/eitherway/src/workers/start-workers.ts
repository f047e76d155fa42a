/** In the primary: the broker, and as many workers as are wanted, whatever ends one of them. */
import cluster, { type Worker } from "node:cluster";
import type { Duplex } from "node:stream";
import type { ChannelTypes, Contract } from "../contract/index.ts";
import { createCounters, createSafeLogger, type Logger } from "../core/index.ts";
import { createLogger } from "../node/logger.ts";
import { createNodeClock } from "../node/node-clock.ts";
import { EitherwayError } from "../protocol/index.ts";
import { type BrokerOptions, readBrokerOptions } from "../server/index.ts";
import { type BrokerHost, createBrokerHost } from "./broker-host.ts";
import { PIPE_FD } from "./primary-broker.ts";
import { createRestarts } from "./restarts.ts";
import { environmentOf } from "./worker-settings.ts";

export interface WorkersOptions extends BrokerOptions {
  /** How many processes serve. One for each core is a good number; the primary needs little beside Redis, and up to one core beside memory. */
  readonly count: number;
  /** The contract of the workers, where its channels say how much they keep (`history`). */
  readonly app?: Contract<ChannelTypes> | undefined;
  /** Default: one JSON object a line on standard error. */
  readonly logger?: Logger | undefined;
}

export interface Workers {
  /** Processes that run now. */
  readonly size: number;
  /** Tells every worker to end (SIGTERM), kills after 10 s who has not, and closes the broker. May be called again. */
  close(): Promise<void>;
}

/** Longer than a server takes to say bye to its links. */
const END_MS = 10_000;

/** Hardly more than machines have cores. */
const MOST_WORKERS = 1_024;

/**
 * Starts this program again in `count` processes, which share its ports and, by `primaryBroker()`, its broker. Resolves once all
 * of them listen. One that ends is started again, at once at first, with longer and longer pauses where it ends soon each time.
 *
 * To be called in the primary, once, with the options for `eitherway()` that are about what is kept.
 *
 * @throws EitherwayError `bad-request` for an option, or in a worker; `unavailable` where a worker ends before it listens
 * @example
 * if (cluster.isPrimary) {
 *   const workers = await startWorkers({ ...options, count: 4 });
 *   process.once("SIGTERM", () => workers.close());
 * } else {
 *   const ew = eitherway({ ...options, broker: primaryBroker() });
 *   await ew.listen({ port: 8000 });
 *   process.once("SIGTERM", () => ew.close());
 * }
 */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { count, app, logger: given = createLogger(), ...kept } = options;
  checkCall(count);
  const logger = createSafeLogger(given);
  const clock = createNodeClock();
  const metrics = createCounters();
  const { createBroker, ...settings } = readBrokerOptions(kept, app, ["count", "app", "logger"]);
  const parts = { ...settings, clock, random: Math.random, metrics, logger };
  const broker = createBroker(parts);
  const host = createBrokerHost({ broker, clock, metrics, logger });
  const env = environmentOf(parts, { streams: broker.streams !== undefined, presence: broker.presence !== undefined });
  const running = new Set<Worker>();
  const restarts = createRestarts(clock, start);
  let closing: Promise<void> | undefined;
  let onEmpty = (): void => {};

  function start(): Worker {
    const worker = fork(env, host);
    const startedAt = clock.now();
    running.add(worker);
    worker.once("exit", (code, signal) => {
      running.delete(worker);
      if (running.size === 0) onEmpty();
      if (closing !== undefined) return;
      const pauseMs = restarts.add(clock.now() - startedAt);
      logger.warn("worker ended", { pid: worker.process.pid, code, signal, pauseMs });
    });
    return worker;
  }

  async function close(): Promise<void> {
    restarts.stop();
    await end(running, "SIGTERM", END_MS);
    await end(running, "SIGKILL", END_MS);
    host.close();
    await broker.close();
  }

  /** Resolves when all are gone, or after `ms`. */
  function end(workers: ReadonlySet<Worker>, signal: NodeJS.Signals, ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (workers.size === 0) return resolve();
      const stopWaiting = clock.after(ms, resolve);
      onEmpty = () => {
        stopWaiting();
        resolve();
      };
      for (const worker of workers) worker.process.kill(signal);
    });
  }

  const workers: Workers = {
    get size() {
      return running.size;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
  try {
    await Promise.all(Array.from({ length: count }, () => listening(start())));
  } catch (thrown) {
    await workers.close();
    throw thrown;
  }
  return workers;
}

function fork(env: Record<string, string>, host: BrokerHost): Worker {
  // "overlapped" is "pipe", but on Windows, where the worker could not use that as its own.
  cluster.setupPrimary({ stdio: ["inherit", "inherit", "inherit", "ipc", "overlapped"] });
  const worker = cluster.fork(env);
  host.add(worker.process.stdio[PIPE_FD] as unknown as Duplex);
  return worker;
}

function listening(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("listening", () => resolve());
    worker.once("exit", (code, signal) => {
      const how = signal === null ? `with code ${code}` : `by ${signal}`;
      reject(new EitherwayError("unavailable", `A worker ended ${how} before it listened; its own output says why.`));
    });
  });
}

function checkCall(count: unknown): void {
  if (!cluster.isPrimary) {
    throw new EitherwayError("bad-request", "startWorkers() was called in a worker; call it where cluster.isPrimary.");
  }
  if (typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS) return;
  throw new EitherwayError(
    "bad-request",
    `The count of workers is ${String(count)}; give a whole number from 1 to ${MOST_WORKERS}.`,
  );
}
