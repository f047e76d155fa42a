/** The outer form of what a server sends over a WebSocket: one unmasked, final RFC 6455 frame around one of our frames. */
import type { Framing } from "../protocol/index.ts";

/** The kind of a WebSocket message (RFC 6455 section 5.2). */
export type Opcode = typeof TEXT_OPCODE | typeof BINARY_OPCODE;

export const TEXT_OPCODE = 0x1;
export const BINARY_OPCODE = 0x2;

const FINAL = 0x80;

// RFC 6455 section 5.2: lengths up to 125 stand in the second byte; 126 and 127 there announce 2 and 8 more bytes.
const LONGEST_SHORT = 125;
const TWO_BYTES_FOLLOW = 126;
const LONGEST_TWO_BYTES = 0xffff;
const EIGHT_BYTES_FOLLOW = 127;

/** One whole server frame. Copies the payload behind the header, so that a run leaves as one buffer. */
export function webSocketFrame(opcode: Opcode, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const headerLength = length <= LONGEST_SHORT ? 2 : length <= LONGEST_TWO_BYTES ? 4 : 10;
  const frame = new Uint8Array(headerLength + length);
  frame[0] = FINAL | opcode;
  if (headerLength === 2) {
    frame[1] = length;
  } else {
    const view = new DataView(frame.buffer);
    frame[1] = headerLength === 4 ? TWO_BYTES_FOLLOW : EIGHT_BYTES_FOLLOW;
    if (headerLength === 4) view.setUint16(2, length);
    else view.setBigUint64(2, BigInt(length));
  }
  frame.set(payload, headerLength);
  return frame;
}

/**
 * A codec's frames as WebSocket frames, text or binary. Make one per codec and share it: links with the same framing
 * object get the same bytes, so a run is framed once for all of them.
 */
export function createWebSocketFraming(codec: Framing): Framing {
  const opcode: Opcode = codec.name === "json" ? TEXT_OPCODE : BINARY_OPCODE;
  return {
    name: `websocket-${codec.name}`,
    run: (run) => webSocketFrame(opcode, codec.run(run)),
    frame: (frame) => webSocketFrame(opcode, codec.frame(frame)),
  };
}
