/**
 * Frames as JSON text. A payload of kind `json` is put in as the text it came as, never re-serialised: its numbers, the order of
 * its keys and its spaces are the publisher's.
 */
import { toBase64 } from "./base64.ts";
import { isRetryable } from "./errors.ts";
import {
  type ClientFrame,
  type Cursors,
  type Message,
  PROTOCOL_VERSION,
  type Run,
  type ServerFrame,
} from "./frames.ts";
import { formatId } from "./ids.ts";
import { DEFAULT_EVENT } from "./names.ts";
import type { Payload } from "./payload.ts";

/** A `messages` frame. */
export function runText(run: Run): string {
  const first = run.messages[0] as Message;
  const at = first.at;
  let text = `{"t":"messages","c":${quoted(run.channel)},"i":"${formatId(run.epoch, first.seq)}","at":${at},"m":[`;
  for (let i = 0; i < run.messages.length; i++) {
    if (i > 0) text += ",";
    text += entryText(run.messages[i] as Message, at);
  }
  return `${text}]}`;
}

/** Every other server frame. */
export function serverFrameText(frame: ServerFrame): string {
  switch (frame.t) {
    case "welcome":
      return JSON.stringify({ t: "welcome", ping: frame.ping, keyWindow: frame.keyWindow, limits: frame.limits });
    case "live":
      return JSON.stringify({ t: "live", c: frame.channel, i: frame.id });
    case "gap":
      return JSON.stringify({ t: "gap", c: frame.channel, why: frame.why, oldest: frame.oldest, head: frame.head });
    case "ok":
      return `{"t":"ok","k":${quoted(frame.key)},"i":"${frame.id}"}`;
    case "error":
      return JSON.stringify({
        t: "error",
        k: frame.key,
        c: frame.channel,
        code: frame.code,
        message: frame.message,
        retry: isRetryable(frame.code),
      });
    case "ping":
      return '{"t":"ping"}';
    case "bye":
      return JSON.stringify({
        t: "bye",
        code: frame.code,
        message: frame.message,
        retry: isRetryable(frame.code),
        after: frame.after,
      });
  }
}

/** What `JSON.stringify` gives, which most names need not be asked for (100 ns). */
function quoted(name: string): string {
  return plainEnd(name, 0) === name.length ? `"${name}"` : JSON.stringify(name);
}

/**
 * Where what a JSON string says as it stands comes to an end: at a quote, a backslash or a control character. (Halves of surrogate
 * pairs, which `JSON.stringify` escapes too, are in no name: see names.ts.)
 */
export function plainEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < FIRST_PRINTABLE || unit === QUOTE || unit === BACKSLASH) break;
  }
  return at;
}

const FIRST_PRINTABLE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export function clientFrameText(frame: ClientFrame): string {
  switch (frame.t) {
    case "hello": {
      const { t, client, token, wait } = frame;
      return JSON.stringify({ t, v: PROTOCOL_VERSION, client, token, wait, channels: cursors(frame) });
    }
    case "subscribe":
      return JSON.stringify({ t: frame.t, channels: cursors(frame) });
    case "publish": {
      const { key, channel, event, payload } = frame;
      const e = event === DEFAULT_EVENT ? undefined : event;
      // This order of fields is what the server's fast path reads.
      return `${JSON.stringify({ t: frame.t, k: key, c: channel, e }).slice(0, -1)},${payloadMember(payload)}}`;
    }
    default:
      return JSON.stringify(frame);
  }
}

/** Also right for a channel named `__proto__`. */
function cursors({ channels }: { readonly channels: Cursors }): object {
  return Object.fromEntries(channels);
}

const LINE_ENDS = /[\r\n]/;
const EVERY_LINE_END = /[\r\n]/g;

/** JSON text without line ends. Legal JSON has them between tokens only, where a space means the same. */
export function oneLine(json: string): string {
  return LINE_ENDS.test(json) ? json.replace(EVERY_LINE_END, " ") : json;
}

function entryText(message: Message, runAt: number): string {
  let text = `{${payloadMember(message.payload)}`;
  if (message.event !== DEFAULT_EVENT) text += `,"e":${JSON.stringify(message.event)}`;
  if (message.from !== undefined) text += `,"f":${JSON.stringify(message.from)}`;
  if (message.at !== runAt) text += `,"at":${message.at}`;
  if (message.skipped > 0) text += `,"n":${message.skipped}`;
  return `${text}}`;
}

function payloadMember(payload: Payload): string {
  switch (payload.kind) {
    case "json":
      return `"d":${payload.data}`;
    case "text":
      return `"s":${JSON.stringify(payload.data)}`;
    case "bytes":
      return `"b":"${toBase64(payload.data)}"`;
  }
}
