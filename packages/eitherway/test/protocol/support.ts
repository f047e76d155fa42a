/** Arbitrary frames and runs, and what a reader must make of them. */
import fc from "fast-check";
import {
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
    .tuple(anyChannel, fc.constantFrom(...GAP_REASONS), anyId, anyId)
    .map(([channel, why, oldest, head]): ServerFrame => ({ t: "gap", channel, why, oldest, head })),
  fc.tuple(anyKey, anyId).map(([key, id]): ServerFrame => ({ t: "ok", key, id })),
  fc
    .tuple(anyCode, anyText, optional("key", anyKey), optional("channel", anyChannel))
    .map(([code, message, key, channel]): ServerFrame => ({ t: "error", code, message, ...key, ...channel })),
  fc.constant<ServerFrame>({ t: "ping" }),
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
      optional("wait", fc.nat({ max: 100 })),
    )
    .map(
      ([client, cursors, token, wait]): ClientFrame => ({
        t: "hello",
        client,
        channels: new Map(cursors),
        ...token,
        ...wait,
      }),
    ),
  anyCursors.map((cursors): ClientFrame => ({ t: "subscribe", channels: new Map(cursors) })),
  fc.array(anyChannel, { maxLength: 5 }).map((channels): ClientFrame => ({ t: "unsubscribe", channels })),
  fc
    .tuple(anyKey, anyChannel, anyEvent, anyPayload)
    .map(([key, channel, event, payload]): ClientFrame => ({ t: "publish", key, channel, event, payload })),
  fc.constant<ClientFrame>({ t: "pong" }),
);

// --- expectations ---

/** The frame that a reader of a run must get. */
export function received({ channel, epoch, messages }: Run): MessagesFrame {
  return {
    t: "messages",
    channel,
    epoch,
    messages: messages.map(({ payload, ...rest }) => ({
      ...rest,
      kind: payload.kind,
      data: payload.kind === "json" ? JSON.parse(payload.data) : payload.data,
    })),
  };
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
