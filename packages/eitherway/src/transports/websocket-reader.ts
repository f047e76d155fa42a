/**
 * Reads what the client of a WebSocket sends: frames of RFC 6455, sections 5 to 7, out of chunks cut anywhere.
 *
 * Nearly always a chunk holds whole messages of one frame each, and those are read where they lie. Whatever is cut or fragmented
 * goes the other way, through an `Unfinished`, which exists only until it is whole: an idle link holds no buffer and no state.
 */
import { EitherwayError } from "../protocol/index.ts";
import type { UnfinishedMessages } from "./unfinished-messages.ts";
import {
  BINARY_OPCODE,
  CLOSE_OPCODE,
  CONTINUATION_OPCODE,
  PING_OPCODE,
  PONG_OPCODE,
  TEXT_OPCODE,
} from "./websocket-frame.ts";
import { maskAt, turnMask, unmask } from "./websocket-mask.ts";

/** The side of a connection that is told what its peer sent. It has one field for the reader. */
export interface FramePeer {
  /** The reader's own: what is cut. Starts as `undefined`. */
  unfinished: Unfinished | undefined;
  /** `false` in an event: the reader leaves what follows in the chunk. */
  readonly reading: boolean;
  /** A whole message. Bytes are the listener's from now on, but may be part of a larger chunk: copy what is to be kept. */
  message(data: string | Uint8Array): void;
  /** The payload may change after the call. */
  ping(payload: Uint8Array): void;
  /** The peer's close frame; 1005 and no reason where it says nothing. The last event. */
  closing(number: number, reason: string): void;
  /**
   * What came is no WebSocket message (`bad-frame`, `bad-utf8`, `too-large`), or was held too long while others needed the room
   * (`unavailable`): that may come while another link is read. The last event.
   */
  failed(error: EitherwayError): void;
}

/**
 * Reads on at the start of `chunk`, which belongs to the reader: payloads are unmasked in place.
 *
 * @returns the bytes that were read. Fewer than all where `peer.reading` became false; the rest comes again, first of all.
 */
export type ReadFrames = (chunk: Uint8Array, peer: FramePeer) => number;

export interface FrameReaderOptions {
  /** Largest message, all fragments together, bytes. Refused as soon as a header says more. */
  readonly limit: number;
  /** Shared by all links of a server. Who ends a connection frees what it holds. */
  readonly unfinished: UnfinishedMessages<FramePeer>;
  /** `bytes[from..to)` as text, or `undefined` when they are no UTF-8. `ascii`: they are known to be below 0x80. */
  readonly decodeText: (bytes: Uint8Array, from: number, to: number, ascii: boolean) => string | undefined;
}

/** What is under way on a link: a cut frame, or a message of which fragments are missing. */
export interface Unfinished {
  /** A cut header or a cut control frame, as it came. */
  readonly held: Uint8Array;
  heldLength: number;
  /** The kind of the message, also between its fragments; `NONE` while only a header or a control frame is cut. */
  opcode: number;
  /** The payload so far, unmasked, and its length: the buffer grows with what came, never with what a header says (P6). */
  bytes: Uint8Array;
  length: number;
  /** Of the data frame at hand: whether it is the last one, payload bytes to come, mask of the next one. */
  final: boolean;
  left: number;
  mask: number;
}

const FINAL = 0x80;
const RESERVED_BITS = 0x70;
const OPCODE = 0x0f;
const CONTROL = 0x08;
const MASKED = 0x80;
const LENGTH = 0x7f;
const HIGHEST_BIT = 0x80;

const FINAL_TEXT = FINAL | TEXT_OPCODE;
const FINAL_BINARY = FINAL | BINARY_OPCODE;
const NONE = 0;

const START_BYTES = 2;
const MASK_BYTES = 4;
const TWO_BYTES_FOLLOW = 126;
const EIGHT_BYTES_FOLLOW = 127;
/** The longest header of the messages that are read where they lie. */
const COMMON_HEADER_BYTES = START_BYTES + 2 + MASK_BYTES;

const MOST_CONTROL_BYTES = 125;
const MOST_HELD_BYTES = START_BYTES + MASK_BYTES + MOST_CONTROL_BYTES;

const NO_STATUS = 1005;
const STATUS_BYTES = 2;

const EMPTY = new Uint8Array();

/** In place of anything unfinished after the last event: nothing more is read. */
const OVER: Unfinished = begin(EMPTY);

/** One for all links with the same limit. */
export function createFrameReader({ limit, unfinished: all, decodeText }: FrameReaderOptions): ReadFrames {
  function read(chunk: Uint8Array, peer: FramePeer): number {
    let at = 0;
    while (at < chunk.length && peer.reading) {
      at = peer.unfinished === undefined ? readMessage(chunk, at, peer) : readOn(chunk, at, peer, peer.unfinished);
    }
    return at;
  }

  /** A message that lies whole in the chunk, in one frame without a fault. Everything else is for `readOn` to tell apart. */
  function readMessage(chunk: Uint8Array, at: number, peer: FramePeer): number {
    const first = chunk[at] as number;
    if (chunk.length - at >= COMMON_HEADER_BYTES && (first === FINAL_TEXT || first === FINAL_BINARY)) {
      const second = chunk[at + 1] as number;
      let length = second - MASKED; // negative without a mask
      let start = at + START_BYTES + MASK_BYTES;
      if (length === TWO_BYTES_FOLLOW) {
        length = ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number);
        start += 2;
      }
      const end = start + length;
      if (second !== (MASKED | EIGHT_BYTES_FOLLOW) && length >= 0 && length <= limit && end <= chunk.length) {
        const ascii = unmask(chunk, start, end, maskAt(chunk, start - MASK_BYTES));
        deliver(first & OPCODE, chunk, start, end, ascii, peer);
        return peer.unfinished === OVER ? chunk.length : end;
      }
    }
    const unfinished = begin(new Uint8Array(MOST_HELD_BYTES));
    peer.unfinished = unfinished;
    return readOn(chunk, at, peer, unfinished);
  }

  /** To the end of the frame at hand, or of the chunk. */
  function readOn(chunk: Uint8Array, from: number, peer: FramePeer, unfinished: Unfinished): number {
    if (unfinished === OVER) return chunk.length;
    const at = unfinished.left > 0 ? from : readHeader(chunk, from, peer, unfinished);
    if (unfinished.left === 0) return peer.unfinished === OVER ? chunk.length : at;
    const end = Math.min(chunk.length, at + unfinished.left);
    unmask(chunk, at, end, unfinished.mask);
    append(chunk, at, end, peer, unfinished);
    if (peer.unfinished === OVER) return chunk.length;
    unfinished.mask = turnMask(unfinished.mask, end - at);
    unfinished.left -= end - at;
    if (unfinished.left === 0) endFrame(peer, unfinished);
    return peer.unfinished === OVER ? chunk.length : end;
  }

  /** To the end of a data frame's header, or of a whole control frame, or of the chunk. */
  function readHeader(chunk: Uint8Array, from: number, peer: FramePeer, unfinished: Unfinished): number {
    const { held } = unfinished;
    let at = hold(chunk, from, START_BYTES, unfinished);
    if (unfinished.heldLength < START_BYTES) return at;
    const fault = faultOf(held, unfinished.opcode);
    if (fault !== undefined) return fail(peer, badFrame(fault), at);

    const lengthEnd = START_BYTES + lengthBytes(held);
    at = hold(chunk, at, lengthEnd, unfinished);
    if (unfinished.heldLength < lengthEnd) return at;
    const length = lengthOf(held, lengthEnd);
    const isControl = ((held[0] as number) & CONTROL) !== 0;
    if (lengthEnd > START_BYTES + 2 && ((held[START_BYTES] as number) & HIGHEST_BIT) !== 0) {
      return fail(peer, badFrame("a length has its highest bit set"), at);
    }
    if (!isControl && unfinished.length + length > limit) return fail(peer, tooLarge(), at);

    const maskEnd = lengthEnd + MASK_BYTES;
    const wanted = isControl ? maskEnd + length : maskEnd;
    at = hold(chunk, at, wanted, unfinished);
    if (unfinished.heldLength < wanted) return at;
    const mask = maskAt(held, lengthEnd);
    unfinished.heldLength = 0;
    if (isControl) {
      unmask(held, maskEnd, wanted, mask);
      if (unfinished.opcode === NONE) peer.unfinished = undefined;
      endControl((held[0] as number) & OPCODE, held.subarray(maskEnd, wanted), peer);
      return at;
    }
    const opcode = (held[0] as number) & OPCODE;
    if (opcode !== CONTINUATION_OPCODE) unfinished.opcode = opcode;
    unfinished.final = ((held[0] as number) & FINAL) !== 0;
    unfinished.mask = mask;
    unfinished.left = length;
    if (length === 0) endFrame(peer, unfinished);
    return at;
  }

  function append(chunk: Uint8Array, from: number, to: number, peer: FramePeer, unfinished: Unfinished): void {
    const length = unfinished.length + (to - from);
    if (length > unfinished.bytes.length) {
      // Twice as large each time, or fragments of one byte would be copied again with each of them.
      const most = unfinished.final ? unfinished.length + unfinished.left : limit;
      const grown = new Uint8Array(Math.min(Math.max(length, 2 * unfinished.bytes.length), most));
      grown.set(unfinished.bytes.subarray(0, unfinished.length));
      unfinished.bytes = grown;
      holdWithOthers(peer, grown.length);
    }
    unfinished.bytes.set(chunk.subarray(from, to), unfinished.length);
    unfinished.length = length;
  }

  function holdWithOthers(peer: FramePeer, bytes: number): void {
    all.hold(peer, bytes);
    for (let oldest = all.tooMuch(); oldest !== undefined; oldest = all.tooMuch()) fail(oldest, tooManyUnfinished());
  }

  function endFrame(peer: FramePeer, { final, opcode, bytes, length }: Unfinished): void {
    if (!final) return;
    peer.unfinished = undefined;
    all.free(peer);
    deliver(opcode, bytes, 0, length, false, peer);
  }

  function deliver(opcode: number, bytes: Uint8Array, from: number, to: number, ascii: boolean, peer: FramePeer): void {
    const data = opcode === BINARY_OPCODE ? bytes.subarray(from, to) : decodeText(bytes, from, to, ascii);
    if (data === undefined) fail(peer, badText("The text of a WebSocket message"));
    else peer.message(data);
  }

  function endControl(opcode: number, payload: Uint8Array, peer: FramePeer): void {
    if (opcode === PING_OPCODE) peer.ping(payload);
    if (opcode !== CLOSE_OPCODE) return; // a pong is a sign of life, no more
    const number = payload.length === 0 ? NO_STATUS : ((payload[0] as number) << 8) | (payload[1] as number);
    if (payload.length > 0 && !maySayClosing(number)) {
      fail(peer, badFrame(`${number} is no close code that a peer may send`));
      return;
    }
    const reason = decodeText(payload, Math.min(STATUS_BYTES, payload.length), payload.length, false);
    if (reason === undefined) {
      fail(peer, badText("The reason of a close frame"));
      return;
    }
    peer.unfinished = OVER;
    all.free(peer);
    peer.closing(number, reason);
  }

  /** The last event; what `at` says is of no account any more. */
  function fail(peer: FramePeer, error: EitherwayError, at = 0): number {
    peer.unfinished = OVER;
    all.free(peer);
    peer.failed(error);
    return at;
  }

  return read;
}

function begin(held: Uint8Array): Unfinished {
  return { held, heldLength: 0, opcode: NONE, bytes: EMPTY, length: 0, final: false, left: 0, mask: 0 };
}

/** Holds more of the chunk, until there are `wanted` bytes. */
function hold(chunk: Uint8Array, from: number, wanted: number, unfinished: Unfinished): number {
  const end = Math.min(chunk.length, from + wanted - unfinished.heldLength);
  for (let at = from; at < end; at++) unfinished.held[unfinished.heldLength++] = chunk[at] as number;
  return Math.max(from, end);
}

/** What the first two bytes of a header have that RFC 6455 section 5 forbids, given the kind of the message under way. */
function faultOf(header: Uint8Array, underWay: number): string | undefined {
  const first = header[0] as number;
  const second = header[1] as number;
  const opcode = first & OPCODE;
  const length = second & LENGTH;
  if ((first & RESERVED_BITS) !== 0) return "a reserved bit is set, and no extension is in use";
  switch (opcode) {
    case CONTINUATION_OPCODE:
      if (underWay === NONE) return "a continuation came without a message before it";
      break;
    case TEXT_OPCODE:
    case BINARY_OPCODE:
      if (underWay !== NONE) return "a new message came before the last fragment of another";
      break;
    case CLOSE_OPCODE:
    case PING_OPCODE:
    case PONG_OPCODE:
      if ((first & FINAL) === 0) return "a control frame is fragmented";
      if (length > MOST_CONTROL_BYTES) return `a control frame is over ${MOST_CONTROL_BYTES} bytes`;
      if (opcode === CLOSE_OPCODE && length === 1) return "a close frame has half a close code";
      break;
    default:
      return `the opcode ${opcode} is of no known kind`;
  }
  return (second & MASKED) === 0 ? "a frame has no mask" : undefined;
}

function lengthBytes(header: Uint8Array): number {
  const length = (header[1] as number) & LENGTH;
  return length === EIGHT_BYTES_FOLLOW ? 8 : length === TWO_BYTES_FOLLOW ? 2 : 0;
}

/**
 * The length of a payload. One in more bytes than it needs is taken, as every server takes it: RFC 6455 section 5.2 forbids to
 * send it and says nothing of its receiver. Above 2^53 it is rounded, and far over any limit.
 */
function lengthOf(header: Uint8Array, end: number): number {
  if (end === START_BYTES) return (header[1] as number) & LENGTH;
  let length = 0;
  for (let at = START_BYTES; at < end; at++) length = length * 256 + (header[at] as number);
  return length;
}

/** RFC 6455 section 7.4, with the numbers that IANA has registered since: 1012 to 1014. */
function maySayClosing(number: number): boolean {
  if (number >= 1000 && number <= 1014) return number < 1004 || number > 1006;
  return number >= 3000 && number <= 4999;
}

function badFrame(fault: string): EitherwayError {
  return new EitherwayError("bad-frame", `The peer broke the WebSocket protocol: ${fault}.`);
}

function badText(what: string): EitherwayError {
  return new EitherwayError("bad-utf8", `${what} is not valid UTF-8.`);
}

function tooLarge(): EitherwayError {
  return new EitherwayError("too-large", "The WebSocket message is over limits.frameBytes; send less at a time.");
}

function tooManyUnfinished(): EitherwayError {
  return new EitherwayError(
    "unavailable",
    "The server holds too many unfinished WebSocket messages, and this one was begun first; send it again, at once.",
  );
}
