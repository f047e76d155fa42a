/** `eitherway serve --workers N`: this process keeps the logs, and others, started from the same command line, serve. */
import cluster from "node:cluster";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { eitherway, type ListenOptions, type NodeEitherwayOptions } from "../node/index.ts";
import { originOf } from "../node/listen.ts";
import { DEFAULT_BASE_PATH } from "../server/index.ts";
import { startWorkers } from "../workers/index.ts";
import { asUsage } from "./surroundings.ts";

/** To listen until the signal is aborted. */
export interface ServeTask {
  readonly listen: ListenOptions;
  readonly signal: AbortSignal;
  announce(url: string): Promise<void>;
  say(sentence: string): void;
}

/** @throws EitherwayError `unavailable` where a worker ends before it listens */
export async function serveByWorkers(count: number, options: NodeEitherwayOptions, task: ServeTask): Promise<void> {
  const { listen, signal, announce, say } = task;
  const { limits, retention, keyWindowMs, broker, logger, basePath = DEFAULT_BASE_PATH } = options;
  const ended = once(signal, "abort"); // before the first await below: a signal may come at once
  await checkOptions(options);
  const listening = once(cluster, "listening") as Promise<[unknown, AddressInfo]>;
  const workers = await startWorkers({
    count,
    limits,
    retention,
    keyWindowMs,
    broker: broker && checked(broker),
    logger,
  });
  try {
    const [, { port }] = await listening;
    await announce(originOf({ ...listen, port }) + basePath);
    if (!signal.aborted) await ended;
    say("Ending.");
  } finally {
    await workers.close();
  }
}

/** What it refuses, such as a directory, is a wrong command line, as where this process serves itself. */
function checked(create: NonNullable<NodeEitherwayOptions["broker"]>): typeof create {
  return (parts) => asUsage(() => create(parts));
}

/** What is wrong with them is told here, once, and not by each worker. */
async function checkOptions(options: NodeEitherwayOptions): Promise<void> {
  const unused = asUsage(() => eitherway({ ...options, broker: undefined, audit() {} }));
  await unused.close();
}
