/**
 * The client's half of the binary framing: a small envelope of our own with the fields of the JSON frames, payloads raw.
 *
 * Readers are guards written by hand: whatever they return has exactly the shape of its type, and no bytes make them throw
 * anything but an EitherwayError. Bytes after the last field that they know are left alone, like unknown fields of JSON.
 */
import {
  badBinary,
  ENTRY_FLAGS,
  HAS_AFTER,
  HAS_ANSWER,
  HAS_AT,
  HAS_CHANNEL,
  HAS_DETAILS,
  HAS_EVENT,
  HAS_FROM,
  HAS_ID,
  HAS_KEY,
  HAS_LATEST,
  HAS_SKIPPED,
  HAS_STATE,
  HAS_TOKEN,
  HAS_WAIT,
  IS_PRESENT,
  KINDS,
  kindOf,
  OK_FLAGS,
  startFrame,
  TYPE,
  unknownType,
  writePayload,
} from "./binary-layout.ts";
import { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { codeOrStandIn, EitherwayError, type ErrorCode } from "./errors.ts";
import {
  type Answer,
  type ArrivedError,
  type ArrivedFrame,
  type ArrivedGap,
  type ArrivedMembers,
  type ArrivedOk,
  type ClientCodec,
  type ClientFrame,
  type Cursors,
  GAP_REASONS,
  type HelloFrame,
  type MessagesFrame,
  PROTOCOL_VERSION,
  type Received,
  SUBPROTOCOLS,
} from "./frames.ts";
import { MAX_SEQ } from "./ids.ts";
import { DEFAULT_EVENT } from "./names.ts";

export const binaryClientCodec: ClientCodec<Uint8Array> = {
  subprotocol: SUBPROTOCOLS.binary,
  writeClient: writeClientFrame,
  readServer: readServerFrame,
};

function readServerFrame(wire: Uint8Array): ArrivedFrame {
  const from = new ByteReader(wire);
  const type = from.byte();
  switch (type) {
    case TYPE.messages:
      return readRun(from);
    case TYPE.announced:
      return { t: "messages", channel: from.text(), epoch: undefined, messages: readEntries(from, undefined) };
    case TYPE.live:
      return { t: "live", channel: from.text(), id: from.id() };
    case TYPE.gap:
      return readGap(from);
    case TYPE.members:
      return readMembers(from);
    case TYPE.ok:
      return readOk(from);
    case TYPE.running:
      return { t: "running", key: from.text() };
    case TYPE.error:
      return readError(from);
    case TYPE.ping:
      return { t: "ping" };
    case TYPE.bye: {
      const [code, message, flags] = [readCode(from), from.text(), from.flags(HAS_AFTER)];
      return { t: "bye", code, message, ...(flags & HAS_AFTER && { after: from.number() }) };
    }
    case TYPE.welcome: {
      const [ping, keyWindow] = [from.number(), from.number()];
      const [messageBytes, frameBytes] = [from.number(), from.number()];
      const [subscriptions, inFlight] = [from.number(), from.number()];
      return { t: "welcome", ping, keyWindow, limits: { messageBytes, frameBytes, subscriptions, inFlight } };
    }
    default:
      throw unknownType(type);
  }
}

function readRun(from: ByteReader): MessagesFrame {
  const channel = from.text();
  const epoch = from.epoch();
  return { t: "messages", channel, epoch, messages: readEntries(from, from.seq()) };
}

/** @param firstSeq of the first entry; `undefined` for volatile ones, which have no place */
function readEntries(from: ByteReader, firstSeq: number | undefined): readonly Received[] {
  const at = from.number();
  const length = from.number();
  if (length === 0) throw badBinary("messages", "has no entry");
  const messages: Received[] = [];
  let seq = (firstSeq ?? 0) - 1;
  for (let i = 0; i < length; i++) {
    const message = firstSeq === undefined ? readVolatile(from, at) : readEntry(from, seq, i === 0, at);
    seq = message.seq;
    messages.push(message);
  }
  return messages;
}

/** Has no place, so it skips none. */
function readVolatile(from: ByteReader, runAt: number): Received {
  return { ...readEntry(from, 0, true, runAt), seq: 0 };
}

/** The run's seq is its first entry's own; what that entry skipped lies before it. */
function readEntry(from: ByteReader, before: number, first: boolean, runAt: number): Received {
  const flags = from.flags(ENTRY_FLAGS);
  const event = flags & HAS_EVENT ? from.text() : DEFAULT_EVENT;
  const author = flags & HAS_FROM ? from.text() : undefined;
  const at = flags & HAS_AT ? from.number() : runAt;
  const skipped = flags & HAS_SKIPPED ? from.number() : 0;
  const seq = before + 1 + (first ? 0 : skipped);
  if (skipped >= seq || seq > MAX_SEQ) throw badBinary("messages", "skips more ids than there are");
  return { seq, at, event, from: author, ...readData(from, flags), skipped };
}

function readGap(from: ByteReader): ArrivedGap {
  const channel = from.text();
  const why = GAP_REASONS[from.byte()];
  if (!why) throw badBinary("gap", `gives no reason that is known: ${GAP_REASONS.join(", ")}`);
  const gap = { t: "gap", channel, why, oldest: from.id(), head: from.id() } as const;
  return from.flags(HAS_LATEST) ? { ...gap, latest: readEntries(from, from.seq()) } : gap;
}

function readMembers(from: ByteReader): ArrivedMembers {
  const [channel, id] = [from.text(), from.id()];
  const members: { member: string; state: unknown }[] = [];
  for (let left = from.number(); left > 0; left--) members.push({ member: from.text(), state: parseJson(from.text()) });
  return { t: "presence", channel, id, members };
}

function readOk(from: ByteReader): ArrivedOk {
  const [key, flags] = [from.text(), from.flags(OK_FLAGS)];
  const id = flags & HAS_ID ? { id: from.id() } : undefined;
  const answer = flags & HAS_ANSWER ? { answer: readData(from, flags) } : undefined;
  return { t: "ok", key, ...id, ...answer };
}

function readError(from: ByteReader): ArrivedError {
  const [code, message, flags] = [readCode(from), from.text(), from.flags(HAS_KEY | HAS_CHANNEL | HAS_DETAILS)];
  const key = flags & HAS_KEY ? { key: from.text() } : undefined;
  const channel = flags & HAS_CHANNEL ? { channel: from.text() } : undefined;
  const details = flags & HAS_DETAILS ? { details: parseJson(from.text()) } : undefined;
  return { t: "error", code, message, ...key, ...channel, ...details };
}

function readData(from: ByteReader, flags: number): Answer {
  switch (kindOf(flags)) {
    case "json":
      return { kind: "json", data: parseJson(from.text()) };
    case "text":
      return { kind: "text", data: from.text() };
    case "bytes":
      return { kind: "bytes", data: from.bytes() };
  }
}

/** No depth check: runs come from our server, which checked each payload. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EitherwayError("bad-json", "A payload is not JSON."); // no more of it: the engine's reason quotes what came
  }
}

function readCode(from: ByteReader): ErrorCode {
  const number = from.number();
  const code = codeOrStandIn(number);
  if (!code) throw badBinary("error or bye", `has the code ${number}`);
  return code;
}

function writeClientFrame(frame: ClientFrame): Uint8Array {
  const out = startFrame(TYPE[frame.t]);
  switch (frame.t) {
    case "hello":
      out.number(PROTOCOL_VERSION);
      out.text(frame.client);
      out.byte(helloFlags(frame));
      if (frame.token !== undefined) out.text(frame.token);
      if (frame.wait !== undefined) out.number(frame.wait);
      writeCursors(out, frame.channels);
      break;
    case "subscribe":
      writeCursors(out, frame.channels);
      break;
    case "unsubscribe":
      out.number(frame.channels.length);
      for (const channel of frame.channels) out.text(channel);
      break;
    case "publish":
      out.text(frame.key);
      out.text(frame.channel);
      out.byte(KINDS.indexOf(frame.payload.kind) | (frame.event === DEFAULT_EVENT ? 0 : HAS_EVENT));
      if (frame.event !== DEFAULT_EVENT) out.text(frame.event);
      writePayload(out, frame.payload);
      break;
    case "announce":
      out.text(frame.channel);
      out.byte(KINDS.indexOf(frame.payload.kind) | (frame.event === DEFAULT_EVENT ? 0 : HAS_EVENT));
      if (frame.event !== DEFAULT_EVENT) out.text(frame.event);
      writePayload(out, frame.payload);
      break;
    case "call":
      out.text(frame.key);
      out.text(frame.channel);
      out.text(frame.name);
      out.byte(KINDS.indexOf(frame.payload.kind));
      writePayload(out, frame.payload);
      break;
    case "presence":
      out.text(frame.key);
      out.text(frame.channel);
      out.byte(frame.state === undefined ? 0 : HAS_STATE);
      if (frame.state !== undefined) out.text(frame.state);
      break;
    case "pong":
      break;
  }
  return out.finish();
}

function helloFlags({ token, wait, present }: HelloFrame): number {
  return (token === undefined ? 0 : HAS_TOKEN) | (wait === undefined ? 0 : HAS_WAIT) | (present ? IS_PRESENT : 0);
}

function writeCursors(out: ByteWriter, cursors: Cursors): void {
  out.number(cursors.size);
  for (const [channel, cursor] of cursors) {
    out.text(channel);
    out.cursor(cursor);
  }
}
