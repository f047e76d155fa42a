/** Names that travel on the wire: channels, events, keys and client ids, and the one place that says what is legal. */
import { EitherwayError } from "./errors.ts";

/** Longest channel name in UTF-8 bytes. */
export const MAX_CHANNEL_BYTES = 200;
/** Longest event name in UTF-8 bytes. */
export const MAX_EVENT_BYTES = 64;
/** Longest idempotency key in UTF-8 bytes. */
export const MAX_KEY_BYTES = 128;
/** Longest client id in characters. */
export const MAX_CLIENT_LENGTH = 64;
/** The event of a message that names none. */
export const DEFAULT_EVENT = "message";

// C0, DEL and C1 controls: never in a name, so that no name can break a line of SSE, a header or a terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const CLIENT_SHAPE = /^[A-Za-z0-9_-]{1,64}$/;
const PLAIN_ASCII = /^[\x21-\x7e]*$/;
const COUNTED_KEY = /^([A-Za-z0-9_-]{1,64})\.([1-9][0-9]{0,14})$/;

const encoder = new TextEncoder();

/**
 * Checks a channel name: 1-200 bytes of NFC UTF-8, segments split by `/`, no empty, `.` or `..` segment, no control
 * characters, no segment that starts with `@` (reserved).
 *
 * @throws EitherwayError `bad-channel` or `reserved-channel`
 */
export function checkChannelName(name: string): void {
  const fail = (why: string): never => {
    throw new EitherwayError("bad-channel", `Channel name ${quote(name)} ${why}.`);
  };
  if (name === "") fail("is empty; give 1 to 200 bytes, for example room/42");
  if (name.length > MAX_CHANNEL_BYTES) fail(`is over the limit of ${MAX_CHANNEL_BYTES} bytes; use a shorter name`);
  if (!PLAIN_ASCII.test(name)) {
    if (LONE_SURROGATE.test(name)) fail("is not Unicode text (it has half of a surrogate pair)");
    if (CONTROL.test(name)) fail("has a control character; leave it out");
    if (name.normalize("NFC") !== name) fail('is not in Unicode form NFC; send name.normalize("NFC")');
    if (encoder.encode(name).length > MAX_CHANNEL_BYTES) {
      fail(`is over the limit of ${MAX_CHANNEL_BYTES} bytes; use a shorter name`);
    }
  }
  for (const segment of name.split("/")) {
    if (segment === "") fail("has an empty segment; write a/b, without a slash at either end");
    if (segment === "." || segment === "..") fail(`has the segment "${segment}", which paths would resolve away`);
    if (segment.startsWith("@")) {
      throw new EitherwayError(
        "reserved-channel",
        `Channel name ${quote(name)} has a segment that starts with @; those are reserved for Eitherway itself.`,
      );
    }
  }
}

/** Checks an event name: 1-64 bytes of UTF-8 without control characters. Throws `bad-event`. */
export function checkEventName(event: string): void {
  if (!isShortText(event, MAX_EVENT_BYTES)) {
    throw new EitherwayError(
      "bad-event",
      `Event name ${quote(event)} is not 1 to ${MAX_EVENT_BYTES} bytes of text without control characters.`,
    );
  }
}

/** Checks an idempotency key: 1-128 bytes of UTF-8 without control characters. Throws `bad-key`. */
export function checkKey(key: string): void {
  if (!isShortText(key, MAX_KEY_BYTES)) {
    throw new EitherwayError(
      "bad-key",
      `Key ${quote(key)} is not 1 to ${MAX_KEY_BYTES} bytes of text without control characters.`,
    );
  }
}

/** True for a client id: 1-64 characters of letters, digits, `_` and `-`. */
export function isClientId(text: unknown): text is string {
  return typeof text === "string" && CLIENT_SHAPE.test(text);
}

/** The key of an SDK's command: counted per channel, from 1. */
export interface CountedKey {
  readonly client: string;
  readonly counter: number;
}

/** Reads `<client>.<counter>`; any other key is foreign and gives `undefined`. */
export function parseCountedKey(key: string): CountedKey | undefined {
  const match = COUNTED_KEY.exec(key);
  return match ? { client: match[1] as string, counter: Number(match[2]) } : undefined;
}

function isShortText(text: string, maxBytes: number): boolean {
  if (text === "" || text.length > maxBytes) return false;
  if (PLAIN_ASCII.test(text)) return true;
  return !LONE_SURROGATE.test(text) && !CONTROL.test(text) && encoder.encode(text).length <= maxBytes;
}

const QUOTE_LENGTH = 60; // enough to recognise a value, short enough for a log line

/** A value from outside, safe and short enough to stand in an error sentence. */
export function quote(text: string): string {
  return JSON.stringify(text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text);
}
