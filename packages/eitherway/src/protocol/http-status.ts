/** The HTTP status of each error code: what servers answer and no client asks for. */
import type { ErrorCode } from "./errors.ts";

/** Complete by its type: a code without a status does not compile. */
const STATUSES: Readonly<Record<ErrorCode, number>> = {
  // Come back.
  drain: 503,
  rotate: 503,
  slow: 503,
  silent: 408,
  "hello-timeout": 408,
  "body-timeout": 408,
  "too-many-links": 503,
  "too-many-channels": 503,
  "storage-full": 507,
  unavailable: 503,
  internal: 500,
  "too-many-members": 503,
  "token-expired": 401,
  "rate-limited": 429,
  "head-timeout": 408,
  // Do not come back with the same thing.
  "bad-frame": 400,
  "bad-json": 400,
  "bad-utf8": 400,
  "bad-version": 400,
  "bad-channel": 400,
  "bad-cursor": 400,
  "bad-event": 400,
  "bad-key": 400,
  "bad-request": 400,
  "unknown-frame": 400,
  "reserved-channel": 403,
  "too-large": 413,
  "too-many-subscriptions": 403,
  "key-reused": 409,
  "outcome-unknown": 409,
  "origin-refused": 403,
  "host-refused": 403,
  "not-found": 404,
  "method-not-allowed": 405,
  "unsupported-type": 415,
  "upgrade-required": 426,
  closed: 410,
  "unknown-channel": 404,
  "unknown-event": 400,
  "unknown-call": 404,
  invalid: 422,
  "call-failed": 422,
  "call-timeout": 504,
  "stream-open": 409,
  "stream-over": 409,
  "stream-failed": 409,
  unauthorized: 401,
  forbidden: 403,
  revoked: 403,
  "head-too-large": 431,
};

/** The HTTP status of an answer that carries an error code. */
export function httpStatus(code: ErrorCode): number {
  return STATUSES[code];
}
