/**
 * How an entry lies on disk: a fixed head, three texts with their lengths, and the payload to the end. The seq is its key.
 *
 *     kind u8 | given u8 | at f64 | time f64 | event u32 n | from u32 n | collapse u32 n | payload
 */
import type { Entry } from "../core/log.ts";
import { ENTRY_OVERHEAD_BYTES } from "../core/log.ts";
import type { Payload } from "../protocol/index.ts";

const KINDS: readonly Payload["kind"][] = ["json", "text", "bytes"];
/** Which of the texts that may be missing are there: an empty one is not the same. */
const FROM_GIVEN = 1;
const COLLAPSE_GIVEN = 2;

const HEAD_BYTES = 1 + 1 + 8 + 8;
const LENGTH_BYTES = 4;

export function encodeEntry({ event, from, collapse, payload, at, time }: Entry): Buffer {
  const texts = [event, from ?? "", collapse ?? ""];
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const data = payload.kind === "bytes" ? payload.data : Buffer.from(payload.data);
  const size = lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, HEAD_BYTES + data.length);
  const bytes = Buffer.allocUnsafe(size);
  bytes[0] = KINDS.indexOf(payload.kind);
  bytes[1] = (from === undefined ? 0 : FROM_GIVEN) | (collapse === undefined ? 0 : COLLAPSE_GIVEN);
  let offset = bytes.writeDoubleLE(at, 2);
  offset = bytes.writeDoubleLE(time, offset);
  for (const [i, text] of texts.entries()) {
    offset = bytes.writeUInt32LE(lengths[i] as number, offset);
    offset += bytes.write(text, offset);
  }
  bytes.set(data, offset);
  return bytes;
}

/** @throws RangeError where the bytes are no entry */
export function decodeEntry(seq: number, bytes: Buffer): Entry {
  const kind = KINDS[bytes.readUInt8(0)];
  const given = bytes.readUInt8(1);
  if (kind === undefined) throw new RangeError("no kind of payload");
  const at = bytes.readDoubleLE(2);
  const time = bytes.readDoubleLE(2 + 8);
  let offset = HEAD_BYTES;
  const readText = (): string => {
    const start = offset + LENGTH_BYTES;
    const end = start + bytes.readUInt32LE(offset);
    if (end > bytes.length) throw new RangeError("a text beyond the end");
    offset = end;
    return bytes.toString("utf8", start, end);
  };
  const [event, from, collapse] = [readText(), readText(), readText()];
  return {
    seq,
    at,
    event,
    from: given & FROM_GIVEN ? from : undefined,
    payload: payloadOf(kind, bytes.subarray(offset)),
    skipped: 0,
    bytes: bytes.length - offset + ENTRY_OVERHEAD_BYTES,
    time,
    collapse: given & COLLAPSE_GIVEN ? collapse : undefined,
  };
}

function payloadOf(kind: Payload["kind"], data: Buffer): Payload {
  return kind === "bytes" ? { kind, data: new Uint8Array(data) } : { kind, data: data.toString("utf8") };
}
