/** Payloads and event names that framings get wrong: line ends, separators, what looks like a field, and all that is empty. */
import { type AnnounceFrame, bytesPayload, type Payload, type PublishFrame, textPayload } from "../protocol/index.ts";

export interface AwkwardPayload {
  readonly payload: Payload;
  /** What a reader has to get. */
  readonly data: unknown;
}

const TEXTS: readonly string[] = [
  "",
  " ",
  "  leading and trailing  ",
  "\n",
  "two\nlines",
  "carriage\rreturn",
  "both\r\nof them\r\n",
  "a block ends\n\nid: 5\nevent: forged\ndata: x\n\n",
  "NUL \0 inside",
  "line \u2028 and paragraph \u2029 separators",
  "\ufeffbyte order mark",
  "emoji 👩‍👩‍👧‍👦 and 𝒳",
  '"quoted" \\ and {"json":true}',
  "x".repeat(20_000),
];

const JSON_TEXTS: readonly string[] = [
  "null",
  "0",
  "1e300",
  '""',
  '"\\u2028 \\ud83d\\ude00 \\u0000"',
  "[]",
  "{}",
  '{"__proto__":{"a":1},"t":"bye","d":[1,[2,[3]]]}',
];

/** JSON as a person or another language may write it, for doors that take it as it comes. */
export const PRETTY_JSON = ' {\n "pretty" :\r\n\t[ 1 , -0 ] }\n';

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const BYTES: readonly Uint8Array[] = [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(13, 10, 13, 10), ALL_BYTES];

export const AWKWARD_PAYLOADS: readonly AwkwardPayload[] = [
  ...TEXTS.map((text) => ({ payload: textPayload(text), data: text })),
  ...JSON_TEXTS.map((text) => ({ payload: { kind: "json", data: text } as const, data: JSON.parse(text) as unknown })),
  ...BYTES.map((bytes) => ({ payload: bytesPayload(bytes), data: bytes })),
];

export const EVENT_NAMES: readonly string[] = ["message", "tick", "order:created", "über", "with space", "gap", "bye"];

/** A publish of plain text. */
export function messagePublish(key: string, channel: string, text: string): PublishFrame {
  return payloadPublish(key, channel, textPayload(text));
}

/** An announcement of plain text. */
export function messageAnnounce(channel: string, text: string, event = "message"): AnnounceFrame {
  return { t: "announce", channel, event, payload: textPayload(text) };
}

export function payloadPublish(key: string, channel: string, payload: Payload): PublishFrame {
  return { t: "publish", key, channel, event: "message", payload };
}
