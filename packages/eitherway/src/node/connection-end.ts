/**
 * Tells when a connection is over. A response that waits for its turn behind others (pipelining) is told nothing by Node then,
 * and what it holds would stay for ever (P6).
 */
import type { EventEmitter } from "node:events";
import type { Undo } from "../core/index.ts";

/** One listener a connection, however many responses wait on it: many would make Node warn of a leak. */
const waiting = new WeakMap<EventEmitter, Set<() => void>>();

/** Runs once, when `connection` (a socket, or an HTTP/2 stream) emits `close`. */
export function onConnectionEnd(connection: EventEmitter, run: () => void): Undo {
  let runs = waiting.get(connection);
  if (!runs) {
    const all = new Set<() => void>();
    connection.once("close", () => {
      for (const one of all) one();
    });
    waiting.set(connection, all);
    runs = all;
  }
  runs.add(run);
  return () => runs.delete(run);
}
