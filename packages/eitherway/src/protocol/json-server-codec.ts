/**
 * The server's half of the JSON framing (PROTOCOL.md, section 4). Payloads of kind `json` are put in as the text they came as, never
 * re-serialised.
 */
import { fromBase64 } from "./base64.ts";
import { EitherwayError } from "./errors.ts";
import {
  type ClientFrame,
  type Cursors,
  type HelloFrame,
  PROTOCOL_VERSION,
  type PublishFrame,
  SUBPROTOCOLS,
  type TextServerCodec,
} from "./frames.ts";
import { isCursor } from "./ids.ts";
import {
  asObject,
  badField,
  type Fields,
  optionalCount,
  optionalText,
  parseObject,
  text,
  unknownFrame,
} from "./json-fields.ts";
import { jsonMember } from "./json-member.ts";
import { plainEnd, runText, serverFrameText } from "./json-text.ts";
import { checkChannelName, checkEventName, checkKey, DEFAULT_EVENT, isClientId, quote } from "./names.ts";
import { bytesPayload, checkJsonDepth, MAX_JSON_DEPTH, type Payload, textPayload } from "./payload.ts";
import { encodeText } from "./utf8.ts";

export const jsonServerCodec: TextServerCodec = {
  name: "json",
  subprotocol: SUBPROTOCOLS.json,
  runText,
  frameText: serverFrameText,
  run: (run) => encodeText(runText(run)),
  frame: (frame) => encodeText(serverFrameText(frame)),
  readClient: readClientFrame,
};

const KEY_FIELD = '{"t":"publish","k":"';
const CHANNEL_FIELD = '","c":"';
const EVENT_FIELD = '","e":"';
const DATA_FIELD = '","d":';

/**
 * A publish in the SDK's field order, its names as they stand. What follows "d": up to the last brace is parsed on its own, so a
 * payload cannot smuggle a sibling field in: `1,"f":"admin"` is not JSON. `undefined` for anything else: the slow way gives the same.
 */
function scanPublish(wire: string): PublishFrame | undefined {
  if (!wire.startsWith(KEY_FIELD) || !wire.endsWith("}")) return undefined;
  const keyEnd = plainEnd(wire, KEY_FIELD.length);
  if (!wire.startsWith(CHANNEL_FIELD, keyEnd)) return undefined;
  const channelFrom = keyEnd + CHANNEL_FIELD.length;
  const channelEnd = plainEnd(wire, channelFrom);
  const hasEvent = wire.startsWith(EVENT_FIELD, channelEnd);
  const eventFrom = channelEnd + EVENT_FIELD.length;
  const end = hasEvent ? plainEnd(wire, eventFrom) : channelEnd;
  if (!wire.startsWith(DATA_FIELD, end)) return undefined;
  const data = wire.slice(end + DATA_FIELD.length, -1);
  if (!isJson(data)) return undefined;
  return {
    t: "publish",
    key: wire.slice(KEY_FIELD.length, keyEnd),
    channel: wire.slice(channelFrom, channelEnd),
    event: hasEvent ? wire.slice(eventFrom, end) : DEFAULT_EVENT,
    payload: { kind: "json", data },
  };
}

/** What every heartbeat of every link brings, as it stands here; anything else that means the same is parsed. */
const PONG_TEXT = '{"t":"pong"}';
const PONG: ClientFrame = { t: "pong" };

function readClientFrame(wire: string): ClientFrame {
  if (wire === PONG_TEXT) return PONG;
  const publish = scanPublish(wire);
  if (publish) return checkedPublish(publish);
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
        throw badField(frame, "channels", "a list of channel names");
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
    case "announce": {
      const [channel, event] = [text(frame, "c"), optionalText(frame, "e") ?? DEFAULT_EVENT];
      checkChannelName(channel);
      checkEventName(event);
      return { t: "announce", channel, event, payload: readPayload(frame, wire) };
    }
    case "call": {
      const [key, channel, name] = [text(frame, "k"), text(frame, "c"), text(frame, "e")];
      checkKey(key);
      checkChannelName(channel);
      checkEventName(name);
      return { t: "call", key: detached(key), channel: detached(channel), name, payload: readPayload(frame, wire) };
    }
    case "presence": {
      const [key, channel] = [text(frame, "k"), text(frame, "c")];
      checkKey(key);
      checkChannelName(channel);
      const command = { t: "presence", key: detached(key), channel: detached(channel) } as const;
      return frame.d === undefined ? command : { ...command, state: detached(jsonMember(wire, "d") ?? "null") };
    }
    case "refresh":
      return { t: "refresh", token: detached(text(frame, "token")) };
    case "pong":
      return { t: "pong" };
    default:
      throw unknownFrame(frame);
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
    event: event === DEFAULT_EVENT ? DEFAULT_EVENT : detached(event),
    payload: payload.kind === "json" ? { kind: "json", data: detached(payload.data) } : payload,
  };
}

/**
 * The same text in memory of its own. What is cut out of a frame is a view of it to some engines, and logs, records of channels and
 * remembered keys would hold whole frames, or whole request bodies, that no limit counts (P6). Joined, since what is added up is again a
 * view to V8: a second object to keep, and slow to read by character (200 ns a message).
 */
function detached(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join("");
}

function readHello(frame: Fields): HelloFrame {
  if (frame.v !== PROTOCOL_VERSION) {
    throw new EitherwayError(
      "bad-version",
      `This server speaks protocol version ${PROTOCOL_VERSION}; say "v":1 in hello.`,
    );
  }
  const client = frame.client;
  if (!isClientId(client)) throw badField(frame, "client", "1 to 64 letters, digits, _ and -");
  const token = optionalText(frame, "token");
  const wait = optionalCount(frame, "wait");
  const { present } = frame;
  if (present !== undefined && typeof present !== "boolean") throw badField(frame, "present", "true or false");
  return {
    t: "hello",
    client,
    channels: frame.channels === undefined ? new Map() : cursors(frame),
    ...(token !== undefined && { token }),
    ...(present !== undefined && { present }),
    ...(wait !== undefined && { wait }),
  };
}

/** Channel names are not checked here: each bad one is an error of its own subscription, not of the frame. */
function cursors(frame: Fields): Cursors {
  const channels = asObject(frame.channels);
  if (!channels) throw badField(frame, "channels", "an object of channel name to cursor");
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
  if (kinds.length !== 1) throw badField(frame, "d, s or b", "there exactly once");
  // Parsed and of legal depth by now; as text, since numbers of other languages do not survive ours.
  if (frame.d !== undefined) return { kind: "json", data: jsonMember(wire, "d") ?? "null" };
  if (frame.s !== undefined) return textPayload(text(frame, "s"));
  const bytes = typeof frame.b === "string" ? fromBase64(frame.b) : undefined;
  if (!bytes) throw badField(frame, "d, s or b", "JSON, text or base64 bytes");
  return bytesPayload(bytes);
}
