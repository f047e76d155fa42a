/** What bounds the reading of a request body on every platform, and how it is refused beyond that. */
import type { Clock } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";

export interface BodyOptions {
  /** Most bytes of this body. Beyond: `too-large`. */
  readonly bytes: number;
  /** Milliseconds for all of it. Beyond: `body-timeout`. */
  readonly ms: number;
  readonly clock: Clock;
  readonly budget: BodyBudget;
}

/** Bytes of unfinished bodies that one server holds (P6). */
export interface BodyBudget {
  held: number;
  readonly most: number;
}

const MIB = 1024 * 1024;

/** 256 of the largest bodies at once, or tens of thousands of usual ones; and as much again of WebSocket messages. */
export const MOST_UNFINISHED_BYTES = 64 * MIB;

export function createBodyBudget(most: number = MOST_UNFINISHED_BYTES): BodyBudget {
  return { held: 0, most };
}

export function bodyTooLarge(most: number): EitherwayError {
  return new EitherwayError("too-large", `The request body is over the limit of ${most} bytes; send less at a time.`);
}

/** @param size bytes that came in time */
export function bodyTooLate(ms: number, size: number): EitherwayError {
  return new EitherwayError(
    "body-timeout",
    `The request body did not end within ${ms} ms (${size} bytes came); send it faster or in smaller parts.`,
  );
}

export function tooManyBodies(): EitherwayError {
  return new EitherwayError("unavailable", "The server is reading too many request bodies at once; try again.");
}

/** @param size bytes that came before */
export function bodyCut(size: number, cause?: unknown): EitherwayError {
  return new EitherwayError("closed", `The client went away after ${size} bytes of its request body.`, { cause });
}
