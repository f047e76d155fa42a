/**
 * Binary framing: a small envelope of our own with the fields of the JSON frames, payloads raw. (PROTOCOL.md, section 5, has it byte
 * by byte.)
 *
 * Readers are guards written by hand: whatever they return has exactly the shape of its type, and no bytes make them throw
 * anything but an EitherwayError. Bytes after the last field that they know are left alone, like unknown fields of JSON.
 */
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { closeNumber, codeOrStandIn, EitherwayError, type ErrorCode } from "./errors.ts";
import {
  type ArrivedFrame,
  type ClientFrame,
  type Codec,
  type Cursors,
  GAP_REASONS,
  type HelloFrame,
  type Message,
  type MessagesFrame,
  PROTOCOL_VERSION,
  type PublishFrame,
  type Received,
  type Run,
  type ServerFrame,
} from "./frames.ts";
import { type Cursor, MAX_SEQ } from "./ids.ts";
import { checkChannelName, checkEventName, checkKey, DEFAULT_EVENT, isClientId, quote } from "./names.ts";
import { bytesPayload, type Payload, parsedJsonPayload, textPayload } from "./payload.ts";

export const binaryCodec: Codec<Uint8Array> = {
  name: "binary",
  run: writeRun,
  frame: writeServerFrame,
  writeClient: writeClientFrame,
  readClient: readClientFrame,
  readServer: readServerFrame,
};

/** The first byte of a frame. */
const TYPE = {
  welcome: 0x01,
  live: 0x02,
  messages: 0x03,
  gap: 0x04,
  ok: 0x05,
  error: 0x06,
  ping: 0x07,
  bye: 0x08,
  hello: 0x41,
  subscribe: 0x42,
  unsubscribe: 0x43,
  publish: 0x44,
  pong: 0x45,
} as const;

/** Payload kinds by their number: the two lowest bits of an entry's or a publish's flags. */
const KINDS: readonly Payload["kind"][] = ["json", "text", "bytes"];
const KIND_MASK = 0x03;

// Flags: which of the optional fields follow, in this order.
const HAS_EVENT = 0x04;
const HAS_FROM = 0x08;
const HAS_AT = 0x10;
const HAS_SKIPPED = 0x20;
const ENTRY_FLAGS = KIND_MASK | HAS_EVENT | HAS_FROM | HAS_AT | HAS_SKIPPED;
const PUBLISH_FLAGS = KIND_MASK | HAS_EVENT;
const HAS_KEY = 0x01;
const HAS_CHANNEL = 0x02;
const HAS_AFTER = 0x01;
const HAS_TOKEN = 0x01;
const HAS_WAIT = 0x02;

// --- server to client ---

function writeRun({ channel, epoch, messages }: Run): Uint8Array {
  const first = messages[0] as Message;
  const out = start(TYPE.messages);
  out.text(channel);
  out.epoch(epoch);
  out.number(first.seq);
  out.number(first.at);
  out.number(messages.length);
  for (const message of messages) writeEntry(out, message, first.at);
  return out.finish();
}

function writeEntry(out: ByteWriter, message: Message, runAt: number): void {
  const { event, from, at, skipped, payload } = message;
  out.byte(
    KINDS.indexOf(payload.kind) |
      (event === DEFAULT_EVENT ? 0 : HAS_EVENT) |
      (from === undefined ? 0 : HAS_FROM) |
      (at === runAt ? 0 : HAS_AT) |
      (skipped === 0 ? 0 : HAS_SKIPPED),
  );
  if (event !== DEFAULT_EVENT) out.text(event);
  if (from !== undefined) out.text(from);
  if (at !== runAt) out.number(at);
  if (skipped !== 0) out.number(skipped);
  writePayload(out, payload);
}

function writePayload(out: ByteWriter, payload: Payload): void {
  if (payload.kind === "bytes") out.bytes(payload.data);
  else out.text(payload.data);
}

function writeServerFrame(frame: ServerFrame): Uint8Array {
  const out = start(TYPE[frame.t]);
  switch (frame.t) {
    case "welcome": {
      const { messageBytes, frameBytes, subscriptions, inFlight } = frame.limits;
      for (const value of [frame.ping, frame.keyWindow, messageBytes, frameBytes, subscriptions, inFlight]) {
        out.number(value);
      }
      break;
    }
    case "live":
      out.text(frame.channel);
      out.id(frame.id);
      break;
    case "gap":
      out.text(frame.channel);
      out.byte(GAP_REASONS.indexOf(frame.why));
      out.id(frame.oldest);
      out.id(frame.head);
      break;
    case "ok":
      out.text(frame.key);
      out.id(frame.id);
      break;
    case "error":
      out.number(closeNumber(frame.code));
      out.text(frame.message);
      out.byte((frame.key === undefined ? 0 : HAS_KEY) | (frame.channel === undefined ? 0 : HAS_CHANNEL));
      if (frame.key !== undefined) out.text(frame.key);
      if (frame.channel !== undefined) out.text(frame.channel);
      break;
    case "ping":
      break;
    case "bye":
      out.number(closeNumber(frame.code));
      out.text(frame.message);
      out.byte(frame.after === undefined ? 0 : HAS_AFTER);
      if (frame.after !== undefined) out.number(frame.after);
      break;
  }
  return out.finish();
}

function readServerFrame(wire: Uint8Array): ArrivedFrame {
  const from = new ByteReader(wire);
  const type = from.byte();
  switch (type) {
    case TYPE.messages:
      return readRun(from);
    case TYPE.live:
      return { t: "live", channel: from.text(), id: from.id() };
    case TYPE.gap: {
      const channel = from.text();
      const why = GAP_REASONS[from.byte()];
      if (!why) throw badFrame("gap", `gives no reason that is known: ${GAP_REASONS.join(", ")}`);
      return { t: "gap", channel, why, oldest: from.id(), head: from.id() };
    }
    case TYPE.ok:
      return { t: "ok", key: from.text(), id: from.id() };
    case TYPE.error: {
      const [code, message, flags] = [readCode(from), from.text(), from.flags(HAS_KEY | HAS_CHANNEL)];
      const key = flags & HAS_KEY ? { key: from.text() } : undefined;
      const channel = flags & HAS_CHANNEL ? { channel: from.text() } : undefined;
      return { t: "error", code, message, ...key, ...channel };
    }
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
      throw unknownFrame(type);
  }
}

function readRun(from: ByteReader): MessagesFrame {
  const channel = from.text();
  const epoch = from.epoch();
  let seq = from.seq() - 1;
  const at = from.number();
  const length = from.number();
  if (length === 0) throw badFrame("messages", "has no entry");
  const messages: Received[] = [];
  for (let i = 0; i < length; i++) {
    const message = readEntry(from, seq, i === 0, at);
    seq = message.seq;
    messages.push(message);
  }
  return { t: "messages", channel, epoch, messages };
}

/** The run's seq is its first entry's own; what that entry skipped lies before it. */
function readEntry(from: ByteReader, before: number, first: boolean, runAt: number): Received {
  const flags = from.flags(ENTRY_FLAGS);
  const event = flags & HAS_EVENT ? from.text() : DEFAULT_EVENT;
  const author = flags & HAS_FROM ? from.text() : undefined;
  const at = flags & HAS_AT ? from.number() : runAt;
  const skipped = flags & HAS_SKIPPED ? from.number() : 0;
  const seq = before + 1 + (first ? 0 : skipped);
  if (skipped >= seq || seq > MAX_SEQ) throw badFrame("messages", "skips more ids than there are");
  return { seq, at, event, from: author, ...readData(from, flags), skipped };
}

function readData(from: ByteReader, flags: number): Pick<Received, "kind" | "data"> {
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
  } catch (cause) {
    throw new EitherwayError("bad-json", `A payload is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

function readCode(from: ByteReader): ErrorCode {
  const number = from.number();
  const code = codeOrStandIn(number);
  if (!code) throw badFrame("error or bye", `has the code ${number}`);
  return code;
}

// --- client to server ---

function writeClientFrame(frame: ClientFrame): Uint8Array {
  const out = start(TYPE[frame.t]);
  switch (frame.t) {
    case "hello":
      out.number(PROTOCOL_VERSION);
      out.text(frame.client);
      out.byte((frame.token === undefined ? 0 : HAS_TOKEN) | (frame.wait === undefined ? 0 : HAS_WAIT));
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
    case "pong":
      break;
  }
  return out.finish();
}

function writeCursors(out: ByteWriter, cursors: Cursors): void {
  out.number(cursors.size);
  for (const [channel, cursor] of cursors) {
    out.text(channel);
    out.cursor(cursor);
  }
}

function readClientFrame(wire: Uint8Array): ClientFrame {
  const from = new ByteReader(wire);
  const type = from.byte();
  switch (type) {
    case TYPE.hello:
      return readHello(from);
    case TYPE.subscribe:
      return { t: "subscribe", channels: readCursors(from) };
    case TYPE.unsubscribe: {
      const channels: string[] = [];
      for (let left = from.number(); left > 0; left--) channels.push(from.text());
      return { t: "unsubscribe", channels };
    }
    case TYPE.publish:
      return readPublish(from);
    case TYPE.pong:
      return { t: "pong" };
    default:
      throw unknownFrame(type);
  }
}

function readHello(from: ByteReader): HelloFrame {
  if (from.number() !== PROTOCOL_VERSION) {
    throw new EitherwayError(
      "bad-version",
      `This server speaks protocol version ${PROTOCOL_VERSION}; say so in hello.`,
    );
  }
  const client = from.text();
  if (!isClientId(client))
    throw badFrame("hello", `has the client ${quote(client)}; send 1 to 64 letters, digits, _ and -`);
  const flags = from.flags(HAS_TOKEN | HAS_WAIT);
  const token = flags & HAS_TOKEN ? { token: from.text() } : undefined;
  const wait = flags & HAS_WAIT ? { wait: from.number() } : undefined;
  return { t: "hello", client, channels: readCursors(from), ...token, ...wait };
}

/** Channel names are not checked here: each bad one is an error of its own subscription, not of the frame. */
function readCursors(from: ByteReader): Cursors {
  const cursors = new Map<string, Cursor>();
  for (let left = from.number(); left > 0; left--) cursors.set(from.text(), from.cursor());
  return cursors;
}

function readPublish(from: ByteReader): PublishFrame {
  const [key, channel, flags] = [from.text(), from.text(), from.flags(PUBLISH_FLAGS)];
  const event = flags & HAS_EVENT ? from.text() : DEFAULT_EVENT;
  checkKey(key);
  checkChannelName(channel);
  checkEventName(event);
  return { t: "publish", key, channel, event, payload: readPayload(from, flags) };
}

function readPayload(from: ByteReader, flags: number): Payload {
  switch (kindOf(flags)) {
    case "json":
      return parsedJsonPayload(from.text());
    case "text":
      return textPayload(from.text());
    case "bytes":
      return bytesPayload(from.bytes());
  }
}

// --- parts of both ---

function start(type: number): ByteWriter {
  const out = new ByteWriter();
  out.byte(type);
  return out;
}

function kindOf(flags: number): Payload["kind"] {
  const kind = KINDS[flags & KIND_MASK];
  if (!kind) throw badFrame("messages or publish", "has a payload of unknown kind");
  return kind;
}

function badFrame(frame: string, what: string): EitherwayError {
  return new EitherwayError("bad-frame", `A binary frame (${frame}) ${what}.`);
}

function unknownFrame(type: number): EitherwayError {
  const given = `0x${type.toString(16).padStart(2, "0")}`;
  return new EitherwayError(
    "unknown-frame",
    `Frame type ${given} is not known to protocol version ${PROTOCOL_VERSION}.`,
  );
}
