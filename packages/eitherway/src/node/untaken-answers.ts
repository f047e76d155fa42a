/**
 * Answers that their clients have not taken yet, bounded in bytes and in time (P6): a client that asks for page after page and
 * reads none would otherwise fill the memory, one connection by another or, pipelining, over a single one.
 */
import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Clock } from "../core/index.ts";
import { onConnectionEnd } from "./connection-end.ts";

/** Bytes of answers that one server holds for clients which are slow to take them. */
export interface AnswerBudget {
  held: number;
  readonly most: number;
}

const MIB = 1024 * 1024;

/** 64 of the largest pages at once. */
const MOST_HELD_BYTES = 64 * MIB;

/** A page of 1 MiB at 20 kB a second takes less. */
const TAKE_MS = 60_000;

/** Answers up to that size are always given: refusals, receipts. Their number is bounded by that of requests on their way. */
const SMALL_BYTES = 16 * 1024;

export function createAnswerBudget(most: number = MOST_HELD_BYTES): AnswerBudget {
  return { held: 0, most };
}

/** Whether there is room for an answer of that size. */
export function hasRoom(budget: AnswerBudget, bytes: number): boolean {
  return bytes <= SMALL_BYTES || budget.held + bytes <= budget.most;
}

/**
 * Counts an answer that was just written until the client has taken it, or is gone.
 *
 * @param drop ends the connection, or the stream, of a client that takes too long
 */
export function holdAnswer(
  response: ServerResponse | Http2ServerResponse,
  bytes: number,
  { budget, clock, drop }: { readonly budget: AnswerBudget; readonly clock: Clock; drop(): void },
): void {
  // A pipelined answer that waits for its turn is told nothing when its connection is over.
  const connection = "stream" in response ? response.stream : response.req.socket;
  if (connection.destroyed) return; // nobody is there, nothing is kept
  // Nearly always the kernel has taken all of it by now.
  if (!("stream" in response) && response.socket?.writableLength === 0) return;
  budget.held += bytes;
  const stopDeadline = clock.after(TAKE_MS, drop);
  const release = (): void => {
    response.off("close", release);
    forgetEnd();
    budget.held -= bytes;
    stopDeadline();
  };
  response.on("close", release);
  const forgetEnd = onConnectionEnd(connection, release);
}
