/**
 * Every way in which Eitherway says no: one table for error frames, HTTP answers and the close codes of links.
 *
 * The number tells whether to come back: 4000-4499 yes (same request, later), 4500-4999 no (the request must change).
 * Numbers lie in the range that RFC 6455 section 7.4.2 leaves to applications, so they are WebSocket close codes as they are.
 */

interface ErrorRow {
  /** WebSocket close code; below 4500 means "come back". */
  readonly number: number;
  /** HTTP status of an answer that carries this code. */
  readonly status: number;
}

const TABLE = {
  // Come back.
  drain: { number: 4000, status: 503 },
  rotate: { number: 4001, status: 503 },
  slow: { number: 4002, status: 503 },
  silent: { number: 4003, status: 408 },
  "hello-timeout": { number: 4004, status: 408 },
  "body-timeout": { number: 4005, status: 408 },
  "too-many-links": { number: 4006, status: 503 },
  "too-many-channels": { number: 4007, status: 503 },
  "storage-full": { number: 4009, status: 507 },
  unavailable: { number: 4010, status: 503 },
  internal: { number: 4011, status: 500 },
  // Do not come back with the same thing.
  "bad-frame": { number: 4500, status: 400 },
  "bad-json": { number: 4501, status: 400 },
  "bad-utf8": { number: 4502, status: 400 },
  "bad-version": { number: 4503, status: 400 },
  "bad-channel": { number: 4504, status: 400 },
  "bad-cursor": { number: 4505, status: 400 },
  "bad-event": { number: 4506, status: 400 },
  "bad-key": { number: 4507, status: 400 },
  "bad-request": { number: 4508, status: 400 },
  "unknown-frame": { number: 4509, status: 400 },
  "reserved-channel": { number: 4510, status: 403 },
  "too-large": { number: 4511, status: 413 },
  "too-many-subscriptions": { number: 4512, status: 403 },
  "key-reused": { number: 4513, status: 409 },
  "outcome-unknown": { number: 4514, status: 409 },
  "origin-refused": { number: 4515, status: 403 },
  "host-refused": { number: 4516, status: 403 },
  "not-found": { number: 4517, status: 404 },
  "method-not-allowed": { number: 4518, status: 405 },
  "unsupported-type": { number: 4519, status: 415 },
  "upgrade-required": { number: 4520, status: 426 },
  closed: { number: 4521, status: 410 },
} as const satisfies Record<string, ErrorRow>;

/** The name of an error or close; stable across versions. */
export type ErrorCode = keyof typeof TABLE;

/** Numbers from here on mean that the same request will fail again. */
const FIRST_FINAL_NUMBER = 4500;

export const ERROR_CODES = Object.keys(TABLE) as readonly ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(TABLE, text);
}

/** The WebSocket close code of an error code. */
export function closeNumber(code: ErrorCode): number {
  return TABLE[code].number;
}

/** The HTTP status of an answer that carries an error code. */
export function httpStatus(code: ErrorCode): number {
  return TABLE[code].status;
}

/** Whether the same request may succeed later. */
export function isRetryable(code: ErrorCode): boolean {
  return TABLE[code].number < FIRST_FINAL_NUMBER;
}

/** The error code of a WebSocket close code, or `undefined` for numbers that are not ours (1000, 1006, ...). */
export function codeOfNumber(number: number): ErrorCode | undefined {
  return ERROR_CODES.find((code) => TABLE[code].number === number);
}

/**
 * Stands in for a code that a newer peer knows and we do not: one that says alike whether to come back.
 */
export function standInCode(retry: boolean): ErrorCode {
  return retry ? "internal" : "closed";
}

/** The numbers that are, or may become, codes of ours. */
const FIRST_NUMBER = 4000;
const LAST_NUMBER = 4999;

/** The error code of any number in our range, or `undefined` outside it. */
export function codeOrStandIn(number: number): ErrorCode | undefined {
  if (number < FIRST_NUMBER || number > LAST_NUMBER) return undefined;
  return codeOfNumber(number) ?? standInCode(number < FIRST_FINAL_NUMBER);
}

const BRAND = Symbol.for("eitherway.error");

/**
 * The one error class. `code` is for machines; the message is a sentence for people: value, limit, next step.
 *
 * @example
 * throw new EitherwayError("too-large", "Message of 70 kB on room/1 is over the 64 kB limit; raise limits.messageBytes.");
 */
export class EitherwayError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "EitherwayError";
    this.code = code;
    // Survives two copies of the package in one program, where instanceof does not.
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Whether the same request may succeed later. */
  get retry(): boolean {
    return isRetryable(this.code);
  }
}

/** True for our errors, also those of another copy of the package. */
export function isEitherwayError(value: unknown): value is EitherwayError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** Any thrown value as one of our errors; what is not ours becomes `internal` with the original as its cause. */
export function toEitherwayError(value: unknown): EitherwayError {
  if (isEitherwayError(value)) return value;
  return new EitherwayError("internal", "The server failed on this request; its log tells more.", { cause: value });
}
