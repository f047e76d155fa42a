/**
 * Messages as bytes: made once by the node that publishes, stored in the log and told to the other nodes as they are.
 *
 * A blob is kind (1 byte), event (2 bytes of length, UTF-8), from (2 bytes of length + 1, 0 for none; UTF-8), then the payload.
 * A frame is kind `L` (logged) or `V` (volatile), epoch (12), seq of the first message and time (8 bytes each, doubles), then each
 * blob after 4 bytes of length. Big endian throughout, as Lua's struct.pack(">…") writes it.
 */
import type { Batch } from "../core/index.ts";
import { type Message, type Payload, payloadBytes } from "../protocol/index.ts";

const KINDS: readonly Payload["kind"][] = ["json", "text", "bytes"];
const LOGGED = "L";
const VOLATILE = "V";
const EPOCH_BYTES = 12;
const NO_EPOCH = "0".repeat(EPOCH_BYTES);
const SEQ_AT = 1 + EPOCH_BYTES;
const TIME_AT = SEQ_AT + 8;
const HEAD_BYTES = TIME_AT + 8;
const LENGTH_BYTES = 4;

type Content = Pick<Message, "event" | "from" | "payload">;

/** The bytes are copied: who published them may change them. */
export function encodeMessage({
  event,
  from,
  payload,
}: Pick<Content, "event" | "payload"> & { readonly from?: string | undefined }): Buffer {
  const eventBytes = Buffer.byteLength(event);
  const fromBytes = from === undefined ? 0 : Buffer.byteLength(from);
  const blob = Buffer.allocUnsafe(1 + 2 + eventBytes + 2 + fromBytes + payloadBytes(payload));
  let at = blob.writeUInt8(KINDS.indexOf(payload.kind));
  at = blob.writeUInt16BE(eventBytes, at);
  at += blob.write(event, at);
  at = blob.writeUInt16BE(from === undefined ? 0 : fromBytes + 1, at);
  if (from !== undefined) at += blob.write(from, at);
  if (payload.kind === "bytes") blob.set(payload.data, at);
  else blob.write(payload.data, at);
  return blob;
}

export function decodeMessage(blob: Buffer, seq: number, at: number): Message {
  const kind = KINDS[blob.readUInt8()] ?? "bytes";
  const eventEnd = 3 + blob.readUInt16BE(1);
  const fromLength = blob.readUInt16BE(eventEnd);
  const fromEnd = eventEnd + 2 + Math.max(0, fromLength - 1);
  return {
    seq,
    at,
    event: blob.toString("utf8", 3, eventEnd),
    from: fromLength === 0 ? undefined : blob.toString("utf8", eventEnd + 2, fromEnd),
    // A copy: a view would keep alive all that arrived with it.
    payload:
      kind === "bytes"
        ? { kind, data: new Uint8Array(blob.subarray(fromEnd)) }
        : { kind, data: blob.toString("utf8", fromEnd) },
    skipped: 0,
  };
}

/** A frame of volatile messages; those of logged ones are made by the scripts. */
export function encodeVolatile(blobs: readonly Buffer[], at: number): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.write(VOLATILE + NO_EPOCH, "latin1");
  head.writeDoubleBE(0, SEQ_AT);
  head.writeDoubleBE(at, TIME_AT);
  const parts: Buffer[] = [head];
  for (const blob of blobs) {
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32BE(blob.length);
    parts.push(length, blob);
  }
  return Buffer.concat(parts);
}

export function decodeFrame(frame: Buffer): Batch {
  const logged = frame.toString("latin1", 0, 1) === LOGGED;
  const first = frame.readDoubleBE(SEQ_AT);
  const time = frame.readDoubleBE(TIME_AT);
  const messages: Message[] = [];
  let bytes = 0;
  for (let at = HEAD_BYTES; at < frame.length; ) {
    const start = at + LENGTH_BYTES;
    at = start + frame.readUInt32BE(at);
    const message = decodeMessage(frame.subarray(start, at), logged ? first + messages.length : 0, time);
    bytes += payloadBytes(message.payload);
    messages.push(message);
  }
  return { epoch: logged ? frame.toString("latin1", 1, SEQ_AT) : undefined, messages, bytes };
}
