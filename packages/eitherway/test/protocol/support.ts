/** Arbitrary frames and runs, and what a reader must make of them. */
import fc from "fast-check";
import {
  type Answer,
  type ArrivedFrame,
  bytesPayload,
  type ClientFrame,
  type Cursor,
  createEpoch,
  EitherwayError,
  ERROR_CODES,
  type ErrorCode,
  formatId,
  GAP_REASONS,
  MAX_SEQ,
  type Message,
  type MessagesFrame,
  type Payload,
  type Received,
  type Run,
  type ServerFrame,
  textPayload,
} from "../../src/protocol/index.ts";

// --- arbitraries ---

/** Any Unicode text without lone surrogates. */
export const anyText = fc.string({ unit: "binary" });

const VISIBLE = fc.constantFrom(..."abcXYZ019-_.:~ü€😀\u2028\"\\{}[],'");

/** Names that {@link checkEventName}, and with the filter `checkChannelName`, takes. */
const name = (most: number) => fc.string({ unit: VISIBLE, minLength: 1, maxLength: most });

export const anyChannel = fc.oneof(
  fc.constantFrom("a", "room/42", "__proto__", "constructor/toString", "1", "🚀/ü"),
  fc
    .array(name(8), { minLength: 1, maxLength: 4 })
    .map((segments) => segments.map((segment) => `x${segment}`.normalize("NFC")).join("/")),
);

export const anyEvent = fc.oneof(fc.constantFrom("message", "note", " lead", "gap", "error"), name(12));

export const anyKey = fc.oneof(fc.constantFrom("c1.1", "order-991"), name(24));

export const anyEpoch = fc
  .tuple(fc.nat({ max: 4_000_000_000_000 }), fc.double({ min: 0, max: 0.999_999, noNaN: true }))
  .map(([at, random]) => createEpoch(at, random));

const anySeq = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: MAX_SEQ }));

const anyId = fc.tuple(anyEpoch, fc.oneof(fc.constant(0), anySeq)).map(([epoch, seq]) => formatId(epoch, seq));

const anyCursor: fc.Arbitrary<Cursor> = fc.oneof(fc.constantFrom("start", "now"), anyId);

const anyCursors = fc.uniqueArray(fc.tuple(anyChannel, anyCursor), { selector: ([channel]) => channel, maxLength: 5 });

/** JSON texts, also with spaces, line ends and keys that mislead. */
export const anyJsonText = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value, null, 2)),
  fc.jsonValue({ maxDepth: 3 }).map((value) => `\r\n\t ${JSON.stringify(value, null, "\t")} \n`),
  fc.constantFrom(
    "null",
    "0",
    '""',
    '{"__proto__":{"a":1}}',
    '{"t":"hello","d":1}',
    '"},\\"f\\":\\"admin\\""',
    '"\\ud800"',
    '"\u2028\u2029\ufeff"',
    "12345678901234567890.123",
  ),
);

const anyPayload: fc.Arbitrary<Payload> = fc.oneof(
  anyJsonText.map((data): Payload => ({ kind: "json", data })),
  anyText.map(textPayload),
  fc.uint8Array({ maxLength: 200 }).map(bytesPayload),
);

const anyTime = fc.oneof(fc.constantFrom(0, 1_795_380_276_220, Number.MAX_SAFE_INTEGER), fc.nat());

export const anyRun: fc.Arbitrary<Run> = fc
  .record({
    channel: anyChannel,
    epoch: anyEpoch,
    first: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: MAX_SEQ - 1000 })),
    entries: fc.array(
      fc.record({
        at: fc.oneof(fc.constant(1_795_380_276_220), anyTime),
        event: anyEvent,
        from: fc.option(anyText, { nil: undefined }),
        payload: anyPayload,
        skipped: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 90 }) }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ channel, epoch, first, entries }) => {
    let seq = first - 1;
    const messages = entries.map((entry, i): Message => {
      const skipped = i === 0 ? Math.min(entry.skipped, first - 1) : entry.skipped;
      seq += 1 + (i === 0 ? 0 : skipped);
      return { ...entry, skipped, seq };
    });
    return { channel, epoch, messages };
  });

/** What a log still says of its collapse keys: as a run, in the epoch of the head. */
const anyLatest = anyRun.map(({ messages }) => ({ latest: messages }));

export const anyVolatileRun: fc.Arbitrary<Run> = anyRun.map(({ channel, messages }) => ({
  channel,
  epoch: undefined,
  messages: messages.map((message) => ({ ...message, seq: 0, skipped: 0 })),
}));

const anyMembers = fc.array(fc.record({ member: anyText, state: anyJsonText }), { maxLength: 4 });

const anyCount = fc.maxSafeNat();
const anyCode = fc.constantFrom(...ERROR_CODES);
const optional = <T>(field: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((some) => (some === undefined ? {} : { [field]: some }));

export const anyServerFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.tuple(anyCount, anyCount, anyCount, anyCount, anyCount, anyCount).map(
    ([ping, keyWindow, messageBytes, frameBytes, subscriptions, inFlight]): ServerFrame => ({
      t: "welcome",
      ping,
      keyWindow,
      limits: { messageBytes, frameBytes, subscriptions, inFlight },
    }),
  ),
  fc.tuple(anyChannel, anyId).map(([channel, id]): ServerFrame => ({ t: "live", channel, id })),
  fc
    .tuple(anyChannel, fc.constantFrom(...GAP_REASONS), anyId, anyId, fc.oneof(fc.constant({}), anyLatest))
    .map(([channel, why, oldest, head, latest]): ServerFrame => ({ t: "gap", channel, why, oldest, head, ...latest })),
  fc
    .tuple(anyChannel, anyId, anyMembers)
    .map(([channel, id, members]): ServerFrame => ({ t: "presence", channel, id, members })),
  fc
    .tuple(anyKey, optional("id", anyId), optional("answer", anyPayload))
    .map(([key, id, answer]): ServerFrame => ({ t: "ok", key, ...id, ...answer })),
  anyKey.map((key): ServerFrame => ({ t: "running", key })),
  fc
    .tuple(anyCode, anyText, optional("key", anyKey), optional("channel", anyChannel), optional("details", anyJsonText))
    .map(
      ([code, message, key, channel, details]): ServerFrame => ({
        t: "error",
        code,
        message,
        ...key,
        ...channel,
        ...details,
      }),
    ),
  fc.constant<ServerFrame>({ t: "ping" }),
  anyCount.map((left): ServerFrame => ({ t: "refresh", left })),
  fc
    .tuple(anyCode, anyText, optional("after", anyCount))
    .map(([code, message, after]): ServerFrame => ({ t: "bye", code, message, ...after })),
);

export const anyClientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc
    .tuple(
      fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
      anyCursors,
      optional("token", anyText),
      optional("present", fc.constant(true)),
      optional("wait", fc.nat({ max: 100 })),
    )
    .map(
      ([client, cursors, token, present, wait]): ClientFrame => ({
        t: "hello",
        client,
        channels: new Map(cursors),
        ...token,
        ...present,
        ...wait,
      }),
    ),
  anyCursors.map((cursors): ClientFrame => ({ t: "subscribe", channels: new Map(cursors) })),
  fc.array(anyChannel, { maxLength: 5 }).map((channels): ClientFrame => ({ t: "unsubscribe", channels })),
  fc
    .tuple(anyKey, anyChannel, anyEvent, anyPayload)
    .map(([key, channel, event, payload]): ClientFrame => ({ t: "publish", key, channel, event, payload })),
  fc
    .tuple(anyChannel, anyEvent, anyPayload)
    .map(([channel, event, payload]): ClientFrame => ({ t: "announce", channel, event, payload })),
  fc
    .tuple(anyKey, anyChannel, anyEvent, anyPayload)
    .map(([key, channel, event, payload]): ClientFrame => ({ t: "call", key, channel, name: event, payload })),
  fc
    .tuple(anyKey, anyChannel, optional("state", anyJsonText))
    .map(([key, channel, state]): ClientFrame => ({ t: "presence", key, channel, ...state })),
  anyText.map((token): ClientFrame => ({ t: "refresh", token })),
  fc.constant<ClientFrame>({ t: "pong" }),
);

// --- expectations ---

/** The frame that a reader of a run must get. */
export function received({ channel, epoch, messages }: Run): MessagesFrame {
  return { t: "messages", channel, epoch, messages: messages.map(receivedMessage) };
}

function receivedMessage({ payload, ...rest }: Message): Received {
  return { ...rest, ...answerOf(payload) };
}

function answerOf({ kind, data }: Payload): Answer {
  return { kind, data: kind === "json" ? JSON.parse(data as string) : data };
}

/** The frame that a reader of any other server frame must get. */
export function arrived(frame: ServerFrame): ArrivedFrame {
  switch (frame.t) {
    case "gap": {
      const { latest, ...gap } = frame;
      return latest ? { ...gap, latest: latest.map(receivedMessage) } : gap;
    }
    case "presence":
      return { ...frame, members: frame.members.map((one) => ({ member: one.member, state: JSON.parse(one.state) })) };
    case "ok": {
      const { answer, ...ok } = frame;
      return answer ? { ...ok, answer: answerOf(answer) } : ok;
    }
    case "error": {
      const { details, ...error } = frame;
      return details === undefined ? error : { ...error, details: JSON.parse(details) };
    }
    default:
      return frame;
  }
}

/** The code with which a call fails; anything that is not our error fails the test. */
export function codeOf(run: () => unknown): ErrorCode | "nothing" {
  try {
    run();
    return "nothing";
  } catch (thrown) {
    if (!(thrown instanceof EitherwayError)) throw thrown;
    return thrown.code;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
