/** Names that travel on the wire: channels, events, keys and client ids, and the one place that says what is legal. */
import { EitherwayError, type ErrorCode } from "./errors.ts";
import { utf8Length } from "./utf8.ts";

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

/** Controls, so that no name breaks a line of SSE, a header or a terminal, and halves of surrogate pairs, which are no text. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;
/** A segment that is empty, or that paths would resolve away. */
const LOST_SEGMENT = /(?:^|\/)\.{0,2}(?:\/|$)/;
const RESERVED_SEGMENT = /(?:^|\/)@/;
const CLIENT_SHAPE = /^[A-Za-z0-9_-]{1,64}$/;
/** What nearly all names are: no rule below can be broken by it but the length, which is the same in bytes as in units. */
const PLAIN_TEXT = /^[!-~]+$/;
const PLAIN_CHANNEL = /^[\w-]+(?:\/[\w-]+)*$/;
const COUNTED_KEY = /^([A-Za-z0-9_-]{1,64})\.([1-9][0-9]{0,14})$/;

/**
 * Checks a channel name: 1-200 bytes of NFC UTF-8, segments split by `/`, no empty, `.` or `..` segment, no control
 * characters, no segment that starts with `@` (reserved).
 *
 * @throws EitherwayError `bad-channel` or `reserved-channel`
 */
export function checkChannelName(name: string): void {
  if (name.length <= MAX_CHANNEL_BYTES && PLAIN_CHANNEL.test(name)) return;
  checkText("bad-channel", "Channel name", name, MAX_CHANNEL_BYTES);
  if (LOST_SEGMENT.test(name) || name.normalize() !== name) {
    throw new EitherwayError(
      "bad-channel",
      `Channel name ${quote(name)} has an empty segment, one of "." or "..", or is not in Unicode form NFC; give one like room/42.`,
    );
  }
  if (RESERVED_SEGMENT.test(name)) {
    throw new EitherwayError(
      "reserved-channel",
      `Channel name ${quote(name)} has a segment that starts with @; those are reserved.`,
    );
  }
}

const PRESENCE_PREFIX = "@presence/";

/** The log of who joins and leaves a channel. */
export function presenceLog(channel: string): string {
  return PRESENCE_PREFIX + channel;
}

/** The channel whose joins and leaves a log tells; `undefined` of other logs. */
export function channelOfPresence(log: string): string | undefined {
  return log.startsWith(PRESENCE_PREFIX) ? log.slice(PRESENCE_PREFIX.length) : undefined;
}

/**
 * What a command keeps its order in: where one fails for now, those behind it in the same lane wait. A channel has one for presence
 * beside its own, so that whoever does not get in still speaks.
 */
export function laneOf({ t, channel }: { readonly t: string; readonly channel: string }): string {
  return t === "presence" ? presenceLog(channel) : channel;
}

/** Logs that the server writes: who is in a channel, and what a producer appends. Names after it are of channels. */
const RESERVED_LOG = /^@(?:presence|stream)\//;

/**
 * Checks the name of a log that may be read: a channel, `@presence/<channel>` or `@stream/<channel>/<name>`.
 *
 * @throws EitherwayError `bad-channel` or `reserved-channel`
 */
export function checkLogName(name: string): void {
  checkLogShape(name);
  if (!isStreamLog(name) || name.includes("/", STREAM_LOG.length)) return;
  // It would be a log of no channel: nobody could be asked who may read it.
  throw new EitherwayError(
    "reserved-channel",
    `Log ${quote(name)} is of no stream; those are @stream/<channel>/<name>, and other names that start with @ are reserved.`,
  );
}

/** The same, but for streams without a name: that is left to the server, as pages load this. */
export function checkLogShape(name: string): void {
  checkChannelName(name.replace(RESERVED_LOG, ""));
}

/** Checks an event name: 1-64 bytes of UTF-8 without control characters. Throws `bad-event`. */
export function checkEventName(event: string): void {
  checkText("bad-event", "Event name", event, MAX_EVENT_BYTES);
}

/** Checks an idempotency key: 1-128 bytes of UTF-8 without control characters. Throws `bad-key`. */
export function checkKey(key: string): void {
  checkText("bad-key", "Key", key, MAX_KEY_BYTES);
}

function checkText(code: ErrorCode, what: string, text: string, most: number): void {
  // The length in units first: it bounds what the others look at.
  if (text.length <= most && PLAIN_TEXT.test(text)) return;
  if (text !== "" && text.length <= most && !UNFIT.test(text) && utf8Length(text) <= most) return;
  throw new EitherwayError(
    code,
    `${what} ${quote(text)} is not 1 to ${most} bytes of Unicode text without control characters.`,
  );
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

const QUOTE_LENGTH = 60; // enough to recognise a value, short enough for a log line

/** What JSON leaves as it is, and some terminal or viewer of logs takes for a command, a line end or a change of direction. */
const MISLEADING = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

/** A value from outside, safe and short enough to stand in an error sentence. */
export function quote(text: string): string {
  const short = text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text;
  // JSON lets some controls stand, and a terminal takes U+009B for the beginning of an order.
  return JSON.stringify(short).split(MISLEADING).join("?");
}

const STREAM_LOG = "@stream/";

/**
 * The log of a stream: `@stream/<channel>/<name>`. Name and channel are at most 200 bytes together.
 *
 * @throws EitherwayError `bad-channel` or `reserved-channel` for a channel or a name that is none; a name is one segment
 */
export function streamLog(channel: string, name: string): string {
  checkChannelName(channel);
  checkChannelName(`${channel}/${name}`);
  if (!name.includes("/")) return `${STREAM_LOG}${channel}/${name}`;
  throw new EitherwayError("bad-channel", `Stream name ${quote(name)} has a slash; give one segment, like answer.`);
}

/** The channel that a log belongs to: its presence and its streams are its own. */
export function channelOfLog(log: string): string {
  if (log.startsWith(STREAM_LOG)) return log.slice(STREAM_LOG.length, log.lastIndexOf("/"));
  return channelOfPresence(log) ?? log;
}

export function isStreamLog(log: string): boolean {
  return log.startsWith(STREAM_LOG);
}
