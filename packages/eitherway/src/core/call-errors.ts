/** How a call ends without an answer, in sentences for people. */
import { type CallFrame, EitherwayError, payloadBytes, quote, utf8Length } from "../protocol/index.ts";
import type { Settlement } from "./broker.ts";

/** Bytes that count for `limits.messageBytes`. */
export function sizeOf(settlement: Settlement): number {
  if (settlement.ok) return settlement.answer ? payloadBytes(settlement.answer) : 0;
  return utf8Length(settlement.details ?? "");
}

export function unknownCall({ channel, name }: CallFrame): EitherwayError {
  return new EitherwayError(
    "unknown-call",
    `Nothing answers call ${quote(name)} on ${quote(channel)}; compare it with the calls of the contract, and give it a handler.`,
  );
}

/** Before the start: the same call may be started later. */
export function tooManyCalls({ channel, name }: CallFrame, most: number): EitherwayError {
  return new EitherwayError(
    "unavailable",
    `Call ${quote(name)} on ${quote(channel)} would be one more than ${most} that run at once (limits.calls); try again.`,
  );
}

export function inputTooLarge({ channel, name, payload }: CallFrame, most: number): EitherwayError {
  return new EitherwayError(
    "too-large",
    `The input of call ${quote(name)} on ${quote(channel)} has ${payloadBytes(payload)} bytes, the limit is ${most}; raise limits.messageBytes or send a link.`,
  );
}

/** The handler ran, and what it gave cannot be told. */
export function tooLarge({ channel, name }: CallFrame, bytes: number, most: number): EitherwayError {
  return new EitherwayError(
    "too-large",
    `Call ${quote(name)} on ${quote(channel)} was done, but its answer of ${bytes} bytes is over the limit of ${most}; raise limits.messageBytes or answer with a link.`,
  );
}

export function callTimeout({ channel, name }: CallFrame, timeoutMs: number): EitherwayError {
  return new EitherwayError(
    "call-timeout",
    `Call ${quote(name)} on ${quote(channel)} did not end within ${timeoutMs} ms and was told to stop; what it did until then stays.`,
  );
}

/** Without a word about what went wrong: that may be nobody's business. */
export function callFailed({ channel, name }: CallFrame): EitherwayError {
  return new EitherwayError(
    "call-failed",
    `Call ${quote(name)} on ${quote(channel)} failed; the server's log tells more.`,
  );
}

export function keyReused({ channel, key }: CallFrame): EitherwayError {
  return new EitherwayError(
    "key-reused",
    `Key ${quote(key)} on ${quote(channel)} belongs to a call with another body; give each call its own key.`,
  );
}

export function outcomeUnknown({ channel, name, key }: CallFrame): EitherwayError {
  return new EitherwayError(
    "outcome-unknown",
    `Call ${quote(name)} on ${quote(channel)} (${key}) was started and its end was not seen: whether it was done cannot be said. Look before calling anew, or declare it repeatable.`,
  );
}
