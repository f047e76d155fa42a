/** Numbers of the binary framing that both halves share (PROTOCOL.md, section 5, has it byte by byte). */
import { ByteWriter } from "./byte-writer.ts";
import { EitherwayError } from "./errors.ts";
import { PROTOCOL_VERSION } from "./frames.ts";
import type { Payload } from "./payload.ts";

/** The first byte of a frame. */
export const TYPE = {
  welcome: 0x01,
  live: 0x02,
  messages: 0x03,
  gap: 0x04,
  ok: 0x05,
  error: 0x06,
  ping: 0x07,
  bye: 0x08,
  members: 0x09,
  running: 0x0a,
  /** A run of volatile messages. */
  announced: 0x0b,
  expiry: 0x0c,
  hello: 0x41,
  subscribe: 0x42,
  unsubscribe: 0x43,
  publish: 0x44,
  pong: 0x45,
  announce: 0x46,
  call: 0x47,
  presence: 0x48,
  refresh: 0x49,
} as const;

/** Payload kinds by their number: the two lowest bits of an entry's or a publish's flags. */
export const KINDS: readonly Payload["kind"][] = ["json", "text", "bytes"];
const KIND_MASK = 0x03;

// Flags: which of the optional fields follow, in this order.
export const HAS_EVENT = 0x04;
export const HAS_FROM = 0x08;
export const HAS_AT = 0x10;
export const HAS_SKIPPED = 0x20;
export const ENTRY_FLAGS = KIND_MASK | HAS_EVENT | HAS_FROM | HAS_AT | HAS_SKIPPED;
export const PUBLISH_FLAGS = KIND_MASK | HAS_EVENT;
export const CALL_FLAGS = KIND_MASK;
export const HAS_KEY = 0x01;
export const HAS_CHANNEL = 0x02;
export const HAS_DETAILS = 0x04;
export const HAS_LATEST = 0x01;
export const HAS_ID = 0x04;
export const HAS_ANSWER = 0x08;
export const OK_FLAGS = KIND_MASK | HAS_ID | HAS_ANSWER;
export const HAS_STATE = 0x01;
export const HAS_AFTER = 0x01;
export const HAS_TOKEN = 0x01;
export const HAS_WAIT = 0x02;
export const IS_PRESENT = 0x04;

export function startFrame(type: number): ByteWriter {
  const out = new ByteWriter();
  out.byte(type);
  return out;
}

export function kindOf(flags: number): Payload["kind"] {
  const kind = KINDS[flags & KIND_MASK];
  if (!kind) throw badBinary("messages or publish", "has a payload of unknown kind");
  return kind;
}

export function badBinary(frame: string, what: string): EitherwayError {
  return new EitherwayError("bad-frame", `A binary frame (${frame}) ${what}.`);
}

export function unknownType(type: number): EitherwayError {
  const given = `0x${type.toString(16).padStart(2, "0")}`;
  return new EitherwayError(
    "unknown-frame",
    `Frame type ${given} is not known to protocol version ${PROTOCOL_VERSION}.`,
  );
}

export function writePayload(out: ByteWriter, payload: Payload): void {
  if (payload.kind === "bytes") out.bytes(payload.data);
  else out.text(payload.data);
}
