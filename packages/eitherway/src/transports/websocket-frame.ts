/** The outer form of what a server sends over a WebSocket: one unmasked, final RFC 6455 frame around one of our frames. */
import { encodeText, type Framing, type TextServerCodec } from "../protocol/index.ts";

/** The kind of a frame that a server sends (RFC 6455 section 5.2). */
export type Opcode = typeof TEXT_OPCODE | typeof BINARY_OPCODE | typeof CLOSE_OPCODE | typeof PONG_OPCODE;

export const CONTINUATION_OPCODE = 0x0;
export const TEXT_OPCODE = 0x1;
export const BINARY_OPCODE = 0x2;
export const CLOSE_OPCODE = 0x8;
export const PING_OPCODE = 0x9;
export const PONG_OPCODE = 0xa;

const FINAL = 0x80;

// RFC 6455 section 5.2: lengths up to 125 stand in the second byte; 126 and 127 there announce 2 and 8 more bytes.
const LONGEST_SHORT = 125;
const TWO_BYTES_FOLLOW = 126;
const LONGEST_TWO_BYTES = 0xffff;
const EIGHT_BYTES_FOLLOW = 127;
const LONGEST_HEADER = 10;

/** One whole server frame. Copies the payload behind the header, so that a run leaves as one buffer. */
export function webSocketFrame(opcode: Opcode, payload: Uint8Array): Uint8Array {
  const headerLength = headerLengthOf(payload.length);
  const frame = new Uint8Array(headerLength + payload.length);
  writeHeader(frame, 0, opcode, payload.length);
  frame.set(payload, headerLength);
  return frame;
}

/** One whole text frame, encoded where it is to stand. */
function webSocketTextFrame(text: string): Uint8Array {
  const bytes = encodeText(text, LONGEST_HEADER);
  const length = bytes.length - LONGEST_HEADER;
  const start = LONGEST_HEADER - headerLengthOf(length);
  writeHeader(bytes, start, TEXT_OPCODE, length);
  return bytes.subarray(start);
}

/** A close frame with a number and a reason of at most 123 bytes. */
export function closeFrame(number: number, reason: string): Uint8Array {
  const payload = encodeText(reason, NUMBER_BYTES);
  payload[0] = number >>> 8;
  payload[1] = number & 0xff;
  return webSocketFrame(CLOSE_OPCODE, payload);
}

const NUMBER_BYTES = 2;

/**
 * A codec's frames as binary WebSocket frames. Make one per codec and share it: links with the same framing object get the same
 * bytes, so a run is framed once for all of them.
 */
export function createWebSocketFraming(codec: Framing): Framing {
  return {
    name: `websocket-${codec.name}`,
    run: (run) => webSocketFrame(BINARY_OPCODE, codec.run(run)),
    frame: (frame) => webSocketFrame(BINARY_OPCODE, codec.frame(frame)),
  };
}

/** The same as text frames, for a codec that writes text. */
export function createWebSocketTextFraming(codec: TextServerCodec): Framing {
  return {
    name: `websocket-${codec.name}`,
    run: (run) => webSocketTextFrame(codec.runText(run)),
    frame: (frame) => webSocketTextFrame(codec.frameText(frame)),
  };
}

function headerLengthOf(length: number): number {
  if (length <= LONGEST_SHORT) return 2;
  return length <= LONGEST_TWO_BYTES ? 4 : LONGEST_HEADER;
}

function writeHeader(bytes: Uint8Array, at: number, opcode: Opcode, length: number): void {
  bytes[at] = FINAL | opcode;
  if (length <= LONGEST_SHORT) {
    bytes[at + 1] = length;
  } else if (length <= LONGEST_TWO_BYTES) {
    bytes[at + 1] = TWO_BYTES_FOLLOW;
    bytes[at + 2] = length >>> 8;
    bytes[at + 3] = length & 0xff;
  } else {
    bytes[at + 1] = EIGHT_BYTES_FOLLOW;
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(at + 2, BigInt(length));
  }
}
