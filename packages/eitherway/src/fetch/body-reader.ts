/** Reads the body of a web-standard request within a size, a time and a share of memory. */
import type { Clock } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import { concat } from "../transports/poll.ts";

export interface BodyOptions {
  /** Most bytes of this body. Beyond: `too-large`. */
  readonly bytes: number;
  /** Milliseconds for all of it. Beyond: `body-timeout`. */
  readonly ms: number;
  readonly clock: Clock;
  readonly budget: BodyBudget;
}

/** Bytes of unfinished bodies that one handler holds (P6). */
export interface BodyBudget {
  held: number;
  readonly most: number;
}

const MIB = 1024 * 1024;

/** 256 of the largest bodies at once, or tens of thousands of usual ones. */
const MOST_HELD_BYTES = 64 * MIB;

export function createBodyBudget(most: number = MOST_HELD_BYTES): BodyBudget {
  return { held: 0, most };
}

/**
 * The whole body. Rejects with `too-large`, `body-timeout`, `unavailable` (the server holds too many unfinished bodies) or
 * `closed` (the client went away).
 */
export async function readBody(request: Request, options: BodyOptions): Promise<Uint8Array> {
  const { bytes: most, ms, clock, budget } = options;
  if (!request.body) return new Uint8Array();
  if (Number(request.headers.get("content-length") ?? 0) > most) throw tooLarge(most);
  const reader = request.body.getReader();
  let late = false;
  let size = 0;
  const undoDeadline = clock.after(ms, () => {
    late = true;
    void reader.cancel().catch(() => {}); // a body that breaks at its deadline is late as well
  });
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw timeout(ms, size);
      if (done) return concat(chunks, size);
      size += value.length;
      budget.held += value.length;
      if (size > most) throw tooLarge(most);
      if (budget.held > budget.most) throw tooMany();
      chunks.push(value);
    }
  } catch (cause) {
    void reader.cancel().catch(() => {}); // the rest is not read, and its failure is no news
    if (cause instanceof EitherwayError) throw cause;
    if (late) throw timeout(ms, size);
    throw new EitherwayError("closed", `The client went away after ${size} bytes of its request body.`, { cause });
  } finally {
    undoDeadline();
    budget.held -= size;
  }
}

function tooLarge(most: number): EitherwayError {
  return new EitherwayError("too-large", `The request body is over the limit of ${most} bytes; send less at a time.`);
}

function timeout(ms: number, size: number): EitherwayError {
  return new EitherwayError(
    "body-timeout",
    `The request body did not end within ${ms} ms (${size} bytes came); send it faster or in smaller parts.`,
  );
}

function tooMany(): EitherwayError {
  return new EitherwayError("unavailable", "The server is reading too many request bodies at once; try again.");
}
