/**
 * Every way in which Eitherway says no: one table for error frames, HTTP answers and the close codes of links.
 *
 * The number tells whether to come back: 4000-4499 yes (same request, later), 4500-4999 no (the request must change).
 * Numbers lie in the range that RFC 6455 section 7.4.2 leaves to applications, so they are WebSocket close codes as they are.
 */

/** WebSocket close codes by name. Their HTTP statuses: http-status.ts. */
const NUMBERS = {
  // Come back.
  drain: 4000,
  rotate: 4001,
  slow: 4002,
  silent: 4003,
  "hello-timeout": 4004,
  "body-timeout": 4005,
  "too-many-links": 4006,
  "too-many-channels": 4007,
  "storage-full": 4009,
  unavailable: 4010,
  internal: 4011,
  "too-many-members": 4012,
  "token-expired": 4013,
  "rate-limited": 4014,
  "head-timeout": 4015,
  // Do not come back with the same thing.
  "bad-frame": 4500,
  "bad-json": 4501,
  "bad-utf8": 4502,
  "bad-version": 4503,
  "bad-channel": 4504,
  "bad-cursor": 4505,
  "bad-event": 4506,
  "bad-key": 4507,
  "bad-request": 4508,
  "unknown-frame": 4509,
  "reserved-channel": 4510,
  "too-large": 4511,
  "too-many-subscriptions": 4512,
  "key-reused": 4513,
  "outcome-unknown": 4514,
  "origin-refused": 4515,
  "host-refused": 4516,
  "not-found": 4517,
  "method-not-allowed": 4518,
  "unsupported-type": 4519,
  "upgrade-required": 4520,
  closed: 4521,
  "unknown-channel": 4522,
  "unknown-event": 4523,
  "unknown-call": 4524,
  invalid: 4525,
  "call-failed": 4526,
  "call-timeout": 4527,
  "stream-open": 4528,
  "stream-over": 4529,
  "stream-failed": 4530,
  unauthorized: 4531,
  forbidden: 4532,
  revoked: 4533,
  "head-too-large": 4534,
} as const satisfies Record<string, number>;

/** The name of an error or close; stable across versions. */
export type ErrorCode = keyof typeof NUMBERS;

/** Numbers from here on mean that the same request will fail again. */
const FIRST_FINAL_NUMBER = 4500;

export const ERROR_CODES = /* @__PURE__ */ Object.keys(NUMBERS) as readonly ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(NUMBERS, text);
}

/** The WebSocket close code of an error code. */
export function closeNumber(code: ErrorCode): number {
  return NUMBERS[code];
}

/** Whether the same request may succeed later. */
export function isRetryable(code: ErrorCode): boolean {
  return NUMBERS[code] < FIRST_FINAL_NUMBER;
}

/** The error code of a WebSocket close code, or `undefined` for numbers that are not ours (1000, 1006, ...). */
export function codeOfNumber(number: number): ErrorCode | undefined {
  return ERROR_CODES.find((code) => NUMBERS[code] === number);
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
  /** What a program may want to know besides: `{ issues }` of `invalid`, `{ name, data }` of `call-failed`. JSON can say it. */
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; details?: unknown }) {
    super(message, options);
    this.name = "EitherwayError";
    this.code = code;
    this.details = options?.details;
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
