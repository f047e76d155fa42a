/** A primary, which is the process of the test, and workers that are real processes. */
import cluster from "node:cluster";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { startWorkers, type Workers, type WorkersOptions } from "../../src/workers/index.ts";
import { witnessed } from "../support/witness.ts";

export interface RunningWorkers {
  readonly workers: Workers;
  /** `http://127.0.0.1:…/eitherway`, which they share. */
  readonly url: string;
  readonly pids: () => number[];
  /** What was logged as a warning: `worker ended`. */
  readonly ended: readonly Record<string, unknown>[];
}

/** Starts a program of `programs/`; its processes end with the test. */
export async function runWorkers(program: string, options: WorkersOptions): Promise<RunningWorkers> {
  const exec = fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url));
  cluster.setupPrimary({ exec, args: [], execArgv: [] });
  process.env.WORKER_PORT ??= "0";
  const ended: Record<string, unknown>[] = [];
  const logger = witnessed({ warn: (_event: string, fields?: object) => ended.push({ ...fields }) });
  const listening = once(cluster, "listening") as Promise<[unknown, AddressInfo]>;
  const workers = await startWorkers({ logger, ...options });
  onTestFinished(() => workers.close());
  const [, { port }] = await listening;
  return { workers, url: `http://127.0.0.1:${port}/eitherway`, pids, ended };
}

export function pids(): number[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) => worker?.process.pid ?? []);
}
