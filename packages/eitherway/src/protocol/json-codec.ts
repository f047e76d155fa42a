/**
 * JSON framing: one object a frame. Payloads of kind `json` are put in as the text they came as, never re-serialised.
 *
 * Readers are guards written by hand: whatever they return has exactly the shape of its type. (PROTOCOL.md, section 4.)
 */
import { fromBase64 } from "./base64.ts";
import { EitherwayError, type ErrorCode, isErrorCode, standInCode } from "./errors.ts";
import {
  type ArrivedFrame,
  type ClientFrame,
  type Codec,
  type Cursors,
  GAP_REASONS,
  type GapReason,
  type HelloFrame,
  PROTOCOL_VERSION,
  type PublishFrame,
  type Received,
  type WireLimits,
} from "./frames.ts";
import { isCursor, MAX_SEQ, parseId } from "./ids.ts";
import { jsonMember } from "./json-member.ts";
import { clientFrameText, runText, serverFrameText } from "./json-text.ts";
import { checkChannelName, checkEventName, checkKey, DEFAULT_EVENT, isClientId, quote } from "./names.ts";
import { bytesPayload, checkJsonDepth, MAX_JSON_DEPTH, type Payload, textPayload } from "./payload.ts";

const encoder = new TextEncoder();

export const jsonCodec: Codec<string> = {
  name: "json",
  run: (run) => encoder.encode(runText(run)),
  frame: (frame) => encoder.encode(serverFrameText(frame)),
  writeClient: clientFrameText,
  readClient: readClientFrame,
  readServer: readServerFrame,
};

// --- server to client ---

function readServerFrame(wire: string): ArrivedFrame {
  const frame = parseObject(wire); // no depth check: runs come from our server, which checked each payload
  switch (frame.t) {
    case "messages":
      return readRun(frame);
    case "live":
      return { t: "live", channel: text(frame, "c"), id: id(frame, "i") };
    case "gap": {
      const why = text(frame, "why");
      if (!GAP_REASONS.includes(why as GapReason)) throw badFrame("gap", "why", GAP_REASONS.join(" | "));
      const [oldest, head] = [id(frame, "oldest"), id(frame, "head")];
      return { t: "gap", channel: text(frame, "c"), why: why as GapReason, oldest, head };
    }
    case "ok":
      return { t: "ok", key: text(frame, "k"), id: id(frame, "i") };
    case "error": {
      const [key, channel] = [optionalText(frame, "k"), optionalText(frame, "c")];
      const fields = { code: errorCode(frame), message: text(frame, "message") };
      return { t: "error", ...fields, ...(key !== undefined && { key }), ...(channel !== undefined && { channel }) };
    }
    case "ping":
      return { t: "ping" };
    case "bye": {
      const after = frame.after === undefined ? undefined : count(frame, "after");
      return {
        t: "bye",
        code: errorCode(frame),
        message: text(frame, "message"),
        ...(after !== undefined && { after }),
      };
    }
    case "welcome": {
      const limits = asObject(frame.limits);
      if (!limits) throw badFrame("welcome", "limits", "an object");
      const read = (name: keyof WireLimits) => count(limits, name);
      return {
        t: "welcome",
        ping: count(frame, "ping"),
        keyWindow: count(frame, "keyWindow"),
        limits: {
          messageBytes: read("messageBytes"),
          frameBytes: read("frameBytes"),
          subscriptions: read("subscriptions"),
          inFlight: read("inFlight"),
        },
      };
    }
    default:
      throw unknownFrame(frame.t);
  }
}

function readRun(frame: Fields): ArrivedFrame {
  const first = parseId(text(frame, "i"));
  const entries = frame.m;
  if (!first || !Array.isArray(entries) || entries.length === 0)
    throw badFrame("messages", "i, m", "an id and entries");
  const at = count(frame, "at");
  let seq = first.seq - 1;
  const messages = entries.map((value: unknown, index): Received => {
    const entry = asObject(value);
    if (!entry) throw badFrame("messages", "m", "objects");
    const skipped = entry.n === undefined ? 0 : count(entry, "n");
    // The run's id is its first entry's own id; what that entry skipped lies before it.
    seq += index === 0 ? 1 : 1 + skipped;
    if (skipped >= seq || seq > MAX_SEQ) throw badFrame("messages", "n", "fewer ids than there are");
    return {
      seq,
      at: entry.at === undefined ? at : count(entry, "at"),
      event: optionalText(entry, "e") ?? DEFAULT_EVENT,
      from: optionalText(entry, "f"),
      ...readData(entry),
      skipped,
    };
  });
  return { t: "messages", channel: text(frame, "c"), epoch: first.epoch, messages };
}

function readData(entry: Fields): Pick<Received, "kind" | "data"> {
  if (entry.d !== undefined) return { kind: "json", data: entry.d };
  if (entry.s !== undefined) return { kind: "text", data: text(entry, "s") };
  const data = fromBase64(text(entry, "b"));
  if (!data) throw badFrame("messages", "b", "base64");
  return { kind: "bytes", data };
}

// --- client to server ---

// The SDK's field order, strings without escapes. What follows "d": up to the last brace is parsed on its own, so a payload
// cannot smuggle a sibling field in: `1,"f":"admin"` is not JSON. Anything else takes the slow path, which gives the same.
const PUBLISH_HEAD =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings have none, so those are no JSON
  /^\{"t":"publish","k":"([^"\\\u0000-\u001f]*)","c":"([^"\\\u0000-\u001f]*)"(?:,"e":"([^"\\\u0000-\u001f]*)")?,"d":/;

function readClientFrame(wire: string): ClientFrame {
  const head = PUBLISH_HEAD.exec(wire);
  if (head && wire.endsWith("}")) {
    const payloadText = wire.slice(head[0].length, -1);
    if (isJson(payloadText)) {
      const [, key = "", channel = "", event = DEFAULT_EVENT] = head;
      return checkedPublish({ t: "publish", key, channel, event, payload: { kind: "json", data: payloadText } });
    }
  }
  checkJsonDepth(wire, MAX_JSON_DEPTH + 1); // the frame itself is one level around the payload
  const frame = parseObject(wire);
  switch (frame.t) {
    case "hello":
      return readHello(frame);
    case "subscribe":
      return { t: "subscribe", channels: cursors(frame) };
    case "unsubscribe": {
      const channels = frame.channels;
      if (!Array.isArray(channels) || !channels.every((name) => typeof name === "string")) {
        throw badFrame("unsubscribe", "channels", "a list of channel names");
      }
      return { t: "unsubscribe", channels };
    }
    case "publish":
      return checkedPublish({
        t: "publish",
        key: text(frame, "k"),
        channel: text(frame, "c"),
        event: optionalText(frame, "e") ?? DEFAULT_EVENT,
        payload: readPayload(frame, wire),
      });
    case "pong":
      return { t: "pong" };
    default:
      throw unknownFrame(frame.t);
  }
}

function isJson(payloadText: string): boolean {
  checkJsonDepth(payloadText);
  try {
    JSON.parse(payloadText);
    return true;
  } catch {
    return false;
  }
}

function checkedPublish({ key, channel, event, payload }: PublishFrame): PublishFrame {
  checkKey(key);
  checkChannelName(channel);
  checkEventName(event);
  return {
    t: "publish",
    key: detached(key),
    channel: detached(channel),
    event: detached(event),
    payload: payload.kind === "json" ? { kind: "json", data: detached(payload.data) } : payload,
  };
}

/**
 * The same text in memory of its own. What is cut out of a frame is a view of it to some engines, and logs, records of channels and
 * remembered keys would hold whole frames, or whole request bodies, that no limit counts (P6).
 */
function detached(text: string): string {
  return ` ${text}`.slice(1);
}

function readHello(frame: Fields): HelloFrame {
  if (frame.v !== PROTOCOL_VERSION) {
    throw new EitherwayError(
      "bad-version",
      `This server speaks protocol version ${PROTOCOL_VERSION}; say "v":1 in hello.`,
    );
  }
  const client = frame.client;
  if (!isClientId(client)) throw badFrame("hello", "client", "1 to 64 letters, digits, _ and -");
  const token = optionalText(frame, "token");
  const wait = frame.wait === undefined ? undefined : count(frame, "wait");
  return {
    t: "hello",
    client,
    channels: frame.channels === undefined ? new Map() : cursors(frame),
    ...(token !== undefined && { token }),
    ...(wait !== undefined && { wait }),
  };
}

/** Channel names are not checked here: each bad one is an error of its own subscription, not of the frame. */
function cursors(frame: Fields): Cursors {
  const channels = asObject(frame.channels);
  if (!channels) throw badFrame(String(frame.t), "channels", "an object of channel name to cursor");
  const read = new Map<string, string>();
  for (const [channel, cursor] of Object.entries(channels)) {
    if (!isCursor(cursor)) {
      const given = typeof cursor === "string" ? quote(cursor) : `a ${typeof cursor}`;
      throw new EitherwayError(
        "bad-cursor",
        `The cursor of ${quote(channel)} is ${given}; send "start", "now" or the id of the last message seen.`,
      );
    }
    read.set(channel, cursor);
  }
  return read;
}

function readPayload(frame: Fields, wire: string): Payload {
  const kinds = ["d", "s", "b"].filter((field) => frame[field] !== undefined);
  if (kinds.length !== 1) throw badFrame("publish", "d, s or b", "there exactly once");
  // Parsed and of legal depth by now; as text, since numbers of other languages do not survive ours.
  if (frame.d !== undefined) return { kind: "json", data: jsonMember(wire, "d") ?? "null" };
  if (frame.s !== undefined) return textPayload(text(frame, "s"));
  const bytes = typeof frame.b === "string" ? fromBase64(frame.b) : undefined;
  if (!bytes) throw badFrame("publish", "d, s or b", "JSON, text or base64 bytes");
  return bytesPayload(bytes);
}

// --- guards ---

type Fields = Readonly<Record<string, unknown>>;

function parseObject(wire: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(wire);
  } catch (cause) {
    throw new EitherwayError("bad-json", `The frame is not JSON: ${(cause as Error).message}.`, { cause });
  }
  const frame = asObject(value);
  if (!frame) throw new EitherwayError("bad-frame", 'A frame is a JSON object with a field "t".');
  return frame;
}

function asObject(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function text(frame: Fields, field: string): string {
  const value = frame[field];
  if (typeof value !== "string") throw badFrame(String(frame.t ?? "entry"), field, "text");
  return value;
}

function optionalText(frame: Fields, field: string): string | undefined {
  return frame[field] === undefined ? undefined : text(frame, field);
}

function count(frame: Fields, field: string): number {
  const value = frame[field];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw badFrame(String(frame.t ?? "entry"), field, "a whole number, 0 or more");
  }
  return value + 0; // -0 is 0
}

function id(frame: Fields, field: string): string {
  const value = text(frame, field);
  if (!parseId(value)) throw badFrame(String(frame.t), field, "an id");
  return value;
}

function errorCode(frame: Fields): ErrorCode {
  const code = text(frame, "code");
  return isErrorCode(code) ? code : standInCode(frame.retry === true);
}

function badFrame(frame: string, field: string, wanted: string): EitherwayError {
  return new EitherwayError("bad-frame", `Field ${field} of a ${quote(frame)} frame is not ${wanted}.`);
}

function unknownFrame(type: unknown): EitherwayError {
  const given = typeof type === "string" ? quote(type) : `a ${typeof type}`;
  return new EitherwayError(
    "unknown-frame",
    `Frame type ${given} is not known to protocol version ${PROTOCOL_VERSION}.`,
  );
}
