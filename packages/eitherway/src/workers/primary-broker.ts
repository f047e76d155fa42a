/** In a worker: the broker that the primary keeps. */
import cluster from "node:cluster";
import { Socket } from "node:net";
import process from "node:process";
import type { CreateBroker } from "../core/index.ts";
import { createWorkerBroker } from "./worker-broker.ts";
import { readAbilities } from "./worker-settings.ts";

/** Where `startWorkers` gives a worker its end of the pipe: behind the three that every process has, and Node's own. */
export const PIPE_FD = 4;

/** The primary is gone, and with it whoever would take this worker's connections. */
const LOST = 1;

/**
 * For the option `broker` of a worker that `startWorkers` has started; once in a process. Everything that is published in one worker reaches the
 * subscribers of all. When the server is closed the worker takes no more connections, and ends by itself when nothing else keeps it; when
 * the primary is gone it ends at once.
 *
 * @throws EitherwayError `bad-request` in any other process, or where retention, key window or limits of what is kept are not the primary's
 * @example
 * const ew = eitherway(app, { ...options, broker: primaryBroker() });
 */
export function primaryBroker(): CreateBroker {
  return (parts) => {
    const abilities = readAbilities(process.env, parts);
    const stream = new Socket({ fd: PIPE_FD, readable: true, writable: true });
    const { metrics, logger, keyWindowMs } = parts;
    const broker = createWorkerBroker({
      ...{ stream, abilities, metrics, logger, keyWindowMs },
      lost() {
        logger.error("primary lost");
        process.exit(LOST);
      },
    });
    return {
      ...broker,
      async close() {
        await broker.close();
        if (cluster.worker?.isConnected()) cluster.worker.disconnect(); // Node's pipe would keep the process alive
      },
    };
  };
}
