/**
 * Frames as JSON text. A payload of kind `json` is put in as the text it came as, never re-serialised: its numbers, the order of
 * its keys and its spaces are the publisher's.
 */
import { toBase64 } from "./base64.ts";
import { isRetryable } from "./errors.ts";
import {
  type ClientFrame,
  type Cursors,
  type ErrorFrame,
  type GapFrame,
  type MembersFrame,
  type Message,
  type OkFrame,
  PROTOCOL_VERSION,
  type Run,
  type ServerFrame,
} from "./frames.ts";
import { type Epoch, formatId, parseId } from "./ids.ts";
import { DEFAULT_EVENT } from "./names.ts";
import type { Payload } from "./payload.ts";

/** A `messages` frame. */
export function runText(run: Run): string {
  return `{"t":"messages","c":${quoted(run.channel)},${entriesText(run.epoch, run.messages)}}`;
}

/** The members that make a stretch of messages: `i` (none of volatile ones), `at` and `m`. */
function entriesText(epoch: Epoch | undefined, messages: readonly Message[]): string {
  const first = messages[0] as Message;
  const at = first.at;
  let text = epoch === undefined ? `"at":${at},"m":[` : `"i":"${formatId(epoch, first.seq)}","at":${at},"m":[`;
  for (let i = 0; i < messages.length; i++) {
    if (i > 0) text += ",";
    text += entryText(messages[i] as Message, at);
  }
  return `${text}]`;
}

/** Every other server frame. */
export function serverFrameText(frame: ServerFrame): string {
  switch (frame.t) {
    case "welcome":
      return JSON.stringify({ t: "welcome", ping: frame.ping, keyWindow: frame.keyWindow, limits: frame.limits });
    case "live":
      return JSON.stringify({ t: "live", c: frame.channel, i: frame.id });
    case "gap":
      return gapText(frame);
    case "presence":
      return membersText(frame);
    case "ok":
      return okText(frame);
    case "running":
      return JSON.stringify({ t: "running", k: frame.key });
    case "error":
      return errorText(frame);
    case "ping":
      return '{"t":"ping"}';
    case "refresh":
      return JSON.stringify({ t: "refresh", left: frame.left });
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

function gapText({ channel, why, oldest, head, latest = [] }: GapFrame): string {
  const text = JSON.stringify({ t: "gap", c: channel, why, oldest, head });
  if (latest.length === 0) return text;
  return `${text.slice(0, -1)},${entriesText(parseId(head)?.epoch, latest)}}`;
}

function membersText({ channel, id, members }: MembersFrame): string {
  const entries = members.map(({ member, state }) => `{"k":${JSON.stringify(member)},"d":${state}}`);
  return `{"t":"presence","c":${quoted(channel)},"i":"${id}","m":[${entries.join()}]}`;
}

function okText({ key, id, answer }: OkFrame): string {
  let text = `{"t":"ok","k":${quoted(key)}`;
  if (id !== undefined) text += `,"i":"${id}"`;
  if (answer !== undefined) text += `,${payloadMember(answer)}`;
  return `${text}}`;
}

function errorText({ key, channel, code, message, details }: ErrorFrame): string {
  const text = JSON.stringify({ t: "error", k: key, c: channel, code, message, retry: isRetryable(code) });
  return details === undefined ? text : `${text.slice(0, -1)},"d":${details}}`;
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
      const { t, client, token, present, wait } = frame;
      return JSON.stringify({ t, v: PROTOCOL_VERSION, client, token, present, wait, channels: cursors(frame) });
    }
    case "subscribe":
      return JSON.stringify({ t: frame.t, channels: cursors(frame) });
    case "publish": {
      const { key, channel, event, payload } = frame;
      const e = event === DEFAULT_EVENT ? undefined : event;
      // This order of fields is what the server's fast path reads.
      return withPayload({ t: frame.t, k: key, c: channel, e }, payload);
    }
    case "announce": {
      const { channel, event, payload } = frame;
      const e = event === DEFAULT_EVENT ? undefined : event;
      return withPayload({ t: frame.t, c: channel, e }, payload);
    }
    case "call": {
      const { key, channel, name, payload } = frame;
      return withPayload({ t: frame.t, k: key, c: channel, e: name }, payload);
    }
    case "presence": {
      const { key, channel, state } = frame;
      const fields = { t: frame.t, k: key, c: channel };
      return state === undefined ? JSON.stringify(fields) : withPayload(fields, { kind: "json", data: state });
    }
    default:
      return JSON.stringify(frame);
  }
}

function withPayload(fields: object, payload: Payload): string {
  return `${JSON.stringify(fields).slice(0, -1)},${payloadMember(payload)}}`;
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
