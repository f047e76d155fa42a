/** Client frames with anything wrong that a test wants, and readers that say in one notation what came of bytes. */
import { createHash } from "node:crypto";
import type { Writable } from "node:stream";
import * as ws from "ws";
import { decodeText } from "../../src/node/upgraded-socket.ts";
import { createUnfinishedMessages } from "../../src/transports/unfinished-messages.ts";
import { createFrameReader, type FramePeer } from "../../src/transports/websocket-reader.ts";

export interface FrameShape {
  /** Default: true. */
  readonly final?: boolean;
  /** Bits 0x40, 0x20, 0x10. */
  readonly reserved?: number;
  readonly payload?: string | Uint8Array;
  /** `undefined`: none. Default: four different bytes. */
  readonly mask?: readonly number[] | undefined;
  /** Bytes behind the second one that say the length. Default: as few as will do. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** What the header says, where that is not the payload's length. */
  readonly says?: bigint;
}

const MASK = [0x37, 0xfa, 0x21, 0x3d]; // of the example in RFC 6455 section 5.7

export function frame(opcode: number, shape: FrameShape = {}): Buffer {
  const { final = true, reserved = 0 } = shape;
  const mask = "mask" in shape ? shape.mask : MASK;
  const payload = Buffer.from(shape.payload ?? "");
  const says = shape.says ?? BigInt(payload.length);
  const lengthBytes = shape.lengthBytes ?? (says <= 125n ? 0 : says <= 0xffffn ? 2 : 8);
  const header = Buffer.alloc(2 + lengthBytes);
  header[0] = (final ? 0x80 : 0) | reserved | opcode;
  header[1] = (mask ? 0x80 : 0) | (lengthBytes === 0 ? Number(says) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) header.writeUInt16BE(Number(says), 2);
  if (lengthBytes === 8) header.writeBigUInt64BE(says, 2);
  const masked = mask ? payload.map((byte, i) => byte ^ (mask[i % 4] as number)) : payload;
  return Buffer.concat([header, Buffer.from(mask ?? []), masked]);
}

export const text = (payload: string | Uint8Array, shape: FrameShape = {}) => frame(0x1, { ...shape, payload });
export const binary = (payload: string | Uint8Array, shape: FrameShape = {}) => frame(0x2, { ...shape, payload });
export const more = (payload: string | Uint8Array, shape: FrameShape = {}) => frame(0x0, { ...shape, payload });
export const ping = (payload: string | Uint8Array = "", shape: FrameShape = {}) => frame(0x9, { ...shape, payload });
export const pong = (payload: string | Uint8Array = "", shape: FrameShape = {}) => frame(0xa, { ...shape, payload });

/** A close frame; without a number, one without a payload. */
export function close(number?: number, reason: string | Uint8Array = "", shape: FrameShape = {}): Buffer {
  const status = Buffer.alloc(number === undefined ? 0 : 2);
  if (number !== undefined) status.writeUInt16BE(number);
  return frame(0x8, { ...shape, payload: Buffer.concat([status, Buffer.from(reason)]) });
}

/** One message in as many frames as there are parts. */
export function fragments(opcode: 0x1 | 0x2, parts: readonly (string | Uint8Array)[]): Buffer[] {
  return parts.map((payload, i) => frame(i === 0 ? opcode : 0x0, { payload, final: i === parts.length - 1 }));
}

// --- what came of it ---

/** As `text "hi"`, `binary 3 <hash>`, `ping <hex>`, `close 1000 reason`, `failed bad-frame`. */
export type Outcome = string;

export const textSeen = (data: string): Outcome =>
  data.length <= 80 ? `text ${JSON.stringify(data)}` : `text ${Buffer.byteLength(data)} ${hash(data)}`;
export const binarySeen = (data: Uint8Array): Outcome => `binary ${data.length} ${hash(data)}`;
export const pingSeen = (data: Uint8Array): Outcome => `ping ${Buffer.from(data).toString("hex")}`;
export const closeSeen = (number: number, reason: string): Outcome => `close ${number} ${reason}`;

function hash(data: string | Uint8Array): string {
  return createHash("sha1").update(data).digest("hex").slice(0, 12);
}

/** A reader of frames that notes what it reads, to be fed in pieces. */
export interface NotingReader {
  feed(chunk: Uint8Array): void;
  readonly outcomes: readonly Outcome[];
  /** Bytes that it keeps for what is unfinished; `undefined` where that cannot be seen. */
  readonly held: number | undefined;
}

/** Our reader. What it is given is copied, since it unmasks in place. */
export function createOurReader(
  limit: number,
  unfinished = createUnfinishedMessages<FramePeer>(),
): NotingReader & { readonly peer: FramePeer } {
  const outcomes: Outcome[] = [];
  const read = createFrameReader({ limit, unfinished, decodeText });
  const peer: FramePeer = {
    unfinished: undefined,
    reading: true,
    message: (data) => outcomes.push(typeof data === "string" ? textSeen(data) : binarySeen(data)),
    ping: (payload) => outcomes.push(pingSeen(payload)),
    closing: (number, reason) => outcomes.push(closeSeen(number, reason)),
    failed: (error) => outcomes.push(`failed ${error.code}`),
  };
  return {
    peer,
    outcomes,
    feed(chunk) {
      const used = read(Buffer.from(chunk), peer);
      if (used !== chunk.length) throw new Error(`read ${used} of ${chunk.length} bytes`);
    },
    get held() {
      return peer.unfinished && peer.unfinished.held.length + peer.unfinished.bytes.length;
    },
  };
}

/** The reader of `ws`, whose types do not list it; its `_write` tells an error at once, not in a later turn. */
type Receiver = Writable & { _write(chunk: Buffer, encoding: string, done: (error?: Error | null) => void): void };
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => Receiver;
};

const KINDS: Readonly<Record<string, string>> = {
  WS_ERR_INVALID_UTF8: "bad-utf8",
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: "too-large",
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: "too-large",
};

/**
 * The reader of `ws`, the yardstick. On the client's side it tells pongs as the pings that they answer.
 */
export function createYardstick(limit: number, side: "server" | "client" = "server"): NotingReader {
  const outcomes: Outcome[] = [];
  const receiver = new Receiver({ isServer: side === "server", maxPayload: limit });
  let over = false;
  receiver.on("message", (data: Buffer, isBinary: boolean) =>
    outcomes.push(isBinary ? binarySeen(data) : textSeen(data.toString())),
  );
  receiver.on(side === "server" ? "ping" : "pong", (data: Buffer) => outcomes.push(pingSeen(data)));
  receiver.on("conclude", (number: number, reason: Buffer) => {
    over = true;
    outcomes.push(closeSeen(number, String(reason)));
  });
  return {
    outcomes,
    held: undefined,
    feed(chunk) {
      if (over) return;
      receiver._write(Buffer.from(chunk), "buffer", (error) => {
        if (!error) return;
        over = true;
        outcomes.push(`failed ${KINDS[(error as { code?: string }).code ?? ""] ?? "bad-frame"}`);
      });
    },
  };
}

/** Feeds `bytes` in pieces that end at `cuts` (ascending) and at the end. */
export function feedCut(reader: NotingReader, bytes: Uint8Array, cuts: Iterable<number>): void {
  let at = 0;
  for (const cut of cuts) {
    reader.feed(bytes.subarray(at, cut));
    at = cut;
  }
  reader.feed(bytes.subarray(at));
}

/** The cuts of pieces of `size` bytes. */
export function* every(size: number, length: number): Iterable<number> {
  for (let at = size; at < length; at += size) yield at;
}
