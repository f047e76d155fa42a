/** The server's half of the binary framing: see binary-client-codec.ts. */
import {
  badBinary,
  CALL_FLAGS,
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
  PUBLISH_FLAGS,
  startFrame,
  TYPE,
  unknownType,
  writePayload,
} from "./binary-layout.ts";
import { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { closeNumber, EitherwayError } from "./errors.ts";
import {
  type AnnounceFrame,
  type CallFrame,
  type ClientFrame,
  type Cursors,
  GAP_REASONS,
  type HelloFrame,
  type Message,
  type OkFrame,
  PROTOCOL_VERSION,
  type PresenceFrame,
  type PublishFrame,
  type Run,
  type ServerCodec,
  type ServerFrame,
  SUBPROTOCOLS,
} from "./frames.ts";
import type { Cursor } from "./ids.ts";
import { checkChannelName, checkEventName, checkKey, DEFAULT_EVENT, isClientId, quote } from "./names.ts";
import { bytesPayload, type Payload, parsedJsonPayload, textPayload } from "./payload.ts";

export const binaryServerCodec: ServerCodec<Uint8Array> = {
  name: "binary",
  subprotocol: SUBPROTOCOLS.binary,
  run: writeRun,
  frame: writeServerFrame,
  readClient: readClientFrame,
};

function writeRun({ channel, epoch, messages }: Run): Uint8Array {
  const out = startFrame(epoch === undefined ? TYPE.announced : TYPE.messages);
  out.text(channel);
  if (epoch !== undefined) {
    out.epoch(epoch);
    out.number((messages[0] as Message).seq);
  }
  writeEntries(out, messages);
  return out.finish();
}

function writeEntries(out: ByteWriter, messages: readonly Message[]): void {
  const { at } = messages[0] as Message;
  out.number(at);
  out.number(messages.length);
  for (const message of messages) writeEntry(out, message, at);
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

/** Two names are of frames that both ends have, each its own. */
const TYPES = { ...TYPE, presence: TYPE.members, refresh: TYPE.expiry };

function writeServerFrame(frame: ServerFrame): Uint8Array {
  const out = startFrame(TYPES[frame.t]);
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
      writeLatest(out, frame.latest ?? []);
      break;
    case "presence":
      out.text(frame.channel);
      out.id(frame.id);
      out.number(frame.members.length);
      for (const { member, state } of frame.members) {
        out.text(member);
        out.text(state);
      }
      break;
    case "ok":
      writeOk(out, frame);
      break;
    case "running":
      out.text(frame.key);
      break;
    case "error":
      out.number(closeNumber(frame.code));
      out.text(frame.message);
      out.byte(
        (frame.key === undefined ? 0 : HAS_KEY) |
          (frame.channel === undefined ? 0 : HAS_CHANNEL) |
          (frame.details === undefined ? 0 : HAS_DETAILS),
      );
      if (frame.key !== undefined) out.text(frame.key);
      if (frame.channel !== undefined) out.text(frame.channel);
      if (frame.details !== undefined) out.text(frame.details);
      break;
    case "ping":
      break;
    case "refresh":
      out.number(frame.left);
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

/** Of the epoch of the gap's head. */
function writeLatest(out: ByteWriter, latest: readonly Message[]): void {
  const [first] = latest;
  out.byte(first ? HAS_LATEST : 0);
  if (!first) return;
  out.number(first.seq);
  writeEntries(out, latest);
}

function writeOk(out: ByteWriter, { key, id, answer }: OkFrame): void {
  out.text(key);
  out.byte((id === undefined ? 0 : HAS_ID) | (answer === undefined ? 0 : HAS_ANSWER | KINDS.indexOf(answer.kind)));
  if (id !== undefined) out.id(id);
  if (answer !== undefined) writePayload(out, answer);
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
    case TYPE.announce:
      return readAnnounce(from);
    case TYPE.call:
      return readCall(from);
    case TYPE.presence:
      return readPresence(from);
    case TYPE.refresh:
      return { t: "refresh", token: from.text() };
    case TYPE.pong:
      return { t: "pong" };
    default:
      throw unknownType(type);
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
    throw badBinary("hello", `has the client ${quote(client)}; send 1 to 64 letters, digits, _ and -`);
  const flags = from.flags(HAS_TOKEN | HAS_WAIT | IS_PRESENT);
  const token = flags & HAS_TOKEN ? { token: from.text() } : undefined;
  const wait = flags & HAS_WAIT ? { wait: from.number() } : undefined;
  const present = flags & IS_PRESENT ? { present: true } : undefined;
  return { t: "hello", client, channels: readCursors(from), ...token, ...present, ...wait };
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

function readAnnounce(from: ByteReader): AnnounceFrame {
  const [channel, flags] = [from.text(), from.flags(PUBLISH_FLAGS)];
  const event = flags & HAS_EVENT ? from.text() : DEFAULT_EVENT;
  checkChannelName(channel);
  checkEventName(event);
  return { t: "announce", channel, event, payload: readPayload(from, flags) };
}

function readCall(from: ByteReader): CallFrame {
  const [key, channel, name, flags] = [from.text(), from.text(), from.text(), from.flags(CALL_FLAGS)];
  checkKey(key);
  checkChannelName(channel);
  checkEventName(name);
  return { t: "call", key, channel, name, payload: readPayload(from, flags) };
}

function readPresence(from: ByteReader): PresenceFrame {
  const [key, channel, flags] = [from.text(), from.text(), from.flags(HAS_STATE)];
  checkKey(key);
  checkChannelName(channel);
  const command = { t: "presence", key, channel } as const;
  return flags & HAS_STATE ? { ...command, state: parsedJsonPayload(from.text()).data as string } : command;
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
