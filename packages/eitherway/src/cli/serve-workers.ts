/** `eitherway serve --workers N`: this process keeps the logs, and others, started from the same command line, serve. */
import cluster from "node:cluster";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { ListenOptions, NodeEitherwayOptions } from "../node/index.ts";
import { originOf } from "../node/listen.ts";
import { startWorkers } from "../workers/index.ts";

const DEFAULT_BASE_PATH = "/eitherway";

export interface ServeByWorkersOptions {
  readonly count: number;
  readonly options: NodeEitherwayOptions;
  readonly listen: ListenOptions;
  readonly signal: AbortSignal;
  announce(url: string): Promise<void>;
  say(sentence: string): void;
}

/** @throws EitherwayError `unavailable` where a worker ends before it listens */
export async function serveByWorkers(task: ServeByWorkersOptions): Promise<void> {
  const { count, options, listen, signal, announce, say } = task;
  const { limits, retention, keyWindowMs, logger, basePath = DEFAULT_BASE_PATH } = options;
  const ended = once(signal, "abort"); // before the first await below: a signal may come at once
  const listening = once(cluster, "listening") as Promise<[unknown, AddressInfo]>;
  const workers = await startWorkers({ count, limits, retention, keyWindowMs, logger });
  try {
    const [, { port }] = await listening;
    await announce(originOf({ ...listen, port }) + basePath);
    if (!signal.aborted) await ended;
    say("Ending.");
  } finally {
    await workers.close();
  }
}
