/** A server-side WebSocket straight on its connection: what comes goes through the frame reader, what leaves is whole frames. */
import { Buffer, isUtf8 } from "node:buffer";
import type { Duplex } from "node:stream";
import type { Limits, SocketEvents, UpgradedSocket } from "../core/index.ts";
import { closeNumber, type EitherwayError } from "../protocol/index.ts";
import type { SocketFailures } from "../transports/index.ts";
import type { UnfinishedMessages } from "../transports/unfinished-messages.ts";
import { CLOSE_OPCODE, closeFrame, PONG_OPCODE, webSocketFrame } from "../transports/websocket-frame.ts";
import { createFrameReader, type FramePeer, type ReadFrames, type Unfinished } from "../transports/websocket-reader.ts";
import { asBuffer, joined } from "./shared-bytes.ts";

/** What all sockets of one server share. */
export interface SocketSettings {
  readonly read: ReadFrames;
  readonly unfinished: UnfinishedMessages<FramePeer>;
  /** Bytes that wait in a connection before its socket counts as full. */
  readonly fullBytes: number;
}

export function socketSettings(
  { frameBytes, linkBytes }: Limits,
  unfinished: SocketSettings["unfinished"],
): SocketSettings {
  return {
    read: createFrameReader({ limit: frameBytes, unfinished, decodeText }),
    unfinished,
    fullBytes: linkBytes,
  };
}

/**
 * Up to so many bytes what is written between `cork` and `uncork` becomes one buffer: copying them costs less than the list of
 * buffers that Node's `cork` makes and `writev` walks (relay, 500 rooms of two: 8 % of all CPU with one message in flight, 3 % with
 * four, together with what changed beside it).
 */
const JOINED_BYTES = 4_096;

/** Milliseconds that a peer has for its half of a close: a slow round trip, not a nap. Then the connection is destroyed. */
const CLOSE_MS = 5_000;

/** RFC 6455 section 7.1.5: the peer's close frame has no number, so neither has its answer. */
const NO_STATUS = 1005;

/**
 * A class, because thousands of idle links share its methods: one object a link, no closure, no timer, no buffer. What is rare
 * (a cut message, a pong that waits, a close) has its memory only while it lasts.
 */
export class ServerSocket implements UpgradedSocket, FramePeer {
  readonly protocol: string;
  unfinished: Unfinished | undefined = undefined;
  reading = true;
  readonly #raw: Duplex;
  readonly #settings: SocketSettings;
  #events: (SocketEvents & Partial<SocketFailures>) | undefined;
  #full = false;
  #corked: "no" | "gathering" | "raw" = "no";
  /** What was written since `cork`, while it is small. */
  #gathered: Uint8Array | Uint8Array[] | undefined;
  #gatheredBytes = 0;
  /** Nothing is written any more: our close frame was, or the connection is ending. */
  #closing = false;
  /** Nothing is read any more: the peer closed, failed, or sent its last byte. */
  #deaf = false;
  #deadline: NodeJS.Timeout | undefined;
  /** The newest pong that waits; `ON_ITS_WAY` while one is before it. */
  #pong: Uint8Array | undefined;

  /** @param raw past its handshake, with a listener for its errors: their news also comes as `close` */
  constructor(raw: Duplex, protocol: string, settings: SocketSettings) {
    this.#raw = raw;
    this.protocol = protocol;
    this.#settings = settings;
    (raw as OwnedDuplex)[OWNER] = this;
    raw.on("drain", onDrain);
    raw.on("end", onEnd);
    raw.on("close", onClose);
  }

  listen(events: SocketEvents & Partial<SocketFailures>): void {
    this.#events = events;
    this.#raw.on("data", onData); // not before: what comes must have somebody to come to
    if (this.reading) this.#raw.resume(); // read ahead of `node:http`, it is paused
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing) return true;
    if (this.#corked === "gathering" && this.#gather(bytes)) return true;
    const raw = this.#raw;
    // `false` alone only says that this write was larger than a mark; the kernel may have taken all of it.
    if (raw.write(asBuffer(bytes, raw.writableLength)) || raw.writableLength < this.#settings.fullBytes) return true;
    this.#full = true;
    return false;
  }

  get pendingBytes(): number {
    return this.#raw.writableLength + this.#gatheredBytes;
  }

  cork(): void {
    this.#corked = "gathering";
  }

  uncork(): void {
    if (this.#corked === "raw") this.#raw.uncork();
    else this.#writeGathered();
    this.#corked = "no";
  }

  setReading(on: boolean): void {
    if (this.#closing || on === this.reading) return;
    this.reading = on;
    if (on) this.#raw.resume();
    else this.#raw.pause();
  }

  close(number: number, reason: string): void {
    if (this.#closing) return;
    this.#writeClose(closeFrame(number, reason));
    if (this.#deaf) this.#raw.end();
  }

  // --- what the frame reader tells ---

  message(data: string | Uint8Array): void {
    if (!this.#closing) this.#events?.message(data);
  }

  /**
   * A peer that does not take its pongs gets the newest one only (RFC 6455 section 5.5.3): however many pings come, no more than
   * two pongs wait (P6).
   */
  ping(payload: Uint8Array): void {
    if (this.#closing) return;
    const pong = webSocketFrame(PONG_OPCODE, payload);
    if (this.#pong !== undefined) this.#pong = pong;
    else if (this.#raw.writableLength === 0) this.#raw.write(pong);
    else this.#queuePong(pong);
  }

  closing(number: number, reason: string): void {
    this.#deaf = true;
    if (!this.#closing) this.#writeClose(number === NO_STATUS ? EMPTY_CLOSE : closeFrame(number, reason));
    this.#raw.end();
  }

  failed(error: EitherwayError): void {
    this.#deaf = true;
    if (this.#closing) {
      this.#raw.end(); // our close frame has gone, and the peer's will not be understood
      return;
    }
    this.#events?.failed?.(error);
    this.close(closeNumber(error.code), error.code); // unless the listener has closed in its own words
  }

  // --- what the connection tells ---

  /** @internal */
  arrived(chunk: Buffer): void {
    const used = this.#settings.read(chunk, this);
    if (used < chunk.length) this.#raw.unshift(chunk.subarray(used)); // it is paused; comes again when it goes on
  }

  /** @internal */
  drained(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#events?.drained();
  }

  /** @internal The peer sends nothing more; with or without a close frame, the connection is done. */
  ended(): void {
    this.#deaf = true;
    this.#writeGathered();
    this.#beginClosing();
    this.#raw.end();
  }

  /** @internal */
  over(): void {
    this.#closing = true;
    clearTimeout(this.#deadline);
    if (this.unfinished !== undefined) this.#settings.unfinished.free(this);
    this.#events?.closed();
  }

  /** `false`: it would become too much, so it goes straight to the connection, which is corked from now on. */
  #gather(bytes: Uint8Array): boolean {
    const all = this.#gatheredBytes + bytes.length;
    if (all <= JOINED_BYTES && this.#raw.writableLength + all < this.#settings.fullBytes) {
      const gathered = this.#gathered;
      if (gathered === undefined) this.#gathered = bytes;
      else if (Array.isArray(gathered)) gathered.push(bytes);
      else this.#gathered = [gathered, bytes];
      this.#gatheredBytes = all;
      return true;
    }
    this.#corked = "raw";
    this.#raw.cork();
    this.#writeGathered();
    return false;
  }

  /** Never fills the connection: `#gather` has seen to that. */
  #writeGathered(): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    const waiting = this.#raw.writableLength;
    this.#raw.write(
      Array.isArray(gathered) ? joined(gathered, this.#gatheredBytes, waiting) : asBuffer(gathered, waiting),
    );
    this.#gathered = undefined;
    this.#gatheredBytes = 0;
  }

  #writeClose(frame: Uint8Array): void {
    this.#writeGathered();
    this.#raw.write(frame);
    this.#beginClosing();
  }

  #beginClosing(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.reading = true;
    this.#raw.resume(); // the peer's half has to be read, however much comes before it
    this.#deadline = setTimeout(destroy, CLOSE_MS, this.#raw).unref();
  }

  #queuePong(pong: Uint8Array): void {
    this.#pong = ON_ITS_WAY;
    this.#raw.write(pong, (error) => {
      const next = this.#pong;
      this.#pong = undefined;
      if (next !== undefined && next !== ON_ITS_WAY && !error && !this.#closing) this.#queuePong(next);
    });
  }
}

const OWNER = Symbol("eitherway.socket");

type OwnedDuplex = Duplex & { [OWNER]?: ServerSocket };

const ON_ITS_WAY = new Uint8Array();
const EMPTY_CLOSE = webSocketFrame(CLOSE_OPCODE, new Uint8Array());

/** Text read from the bytes themselves; as ASCII where that is known, which saves a check and a view (60 of 200 ns). */
export function decodeText(bytes: Uint8Array, from: number, to: number, ascii: boolean): string | undefined {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (ascii) return buffer.toString("latin1", from, to);
  return isUtf8(buffer.subarray(from, to)) ? buffer.toString("utf8", from, to) : undefined;
}

function onData(this: OwnedDuplex, chunk: Buffer): void {
  this[OWNER]?.arrived(chunk);
}

function onDrain(this: OwnedDuplex): void {
  this[OWNER]?.drained();
}

function onEnd(this: OwnedDuplex): void {
  this[OWNER]?.ended();
}

function onClose(this: OwnedDuplex): void {
  this[OWNER]?.over();
}

function destroy(raw: Duplex): void {
  raw.destroy();
}
