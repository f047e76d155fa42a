/**
 * Reads an event stream from bytes, however they are cut (WHATWG HTML, "Server-sent events": parsing, interpretation).
 *
 * Works on bytes up to the end of a line and decodes lines: line ends are ASCII, so no character is ever split. The cost is linear
 * also for one long line in many pieces.
 */
import { EitherwayError } from "./errors.ts";

export interface SseEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
  /** The last id that the stream has given up to here; empty where it gave none. */
  readonly id: string;
}

export interface SseDecoderOptions {
  /** Each dispatched event, in order, as soon as its block has ended. */
  readonly onEvent: (event: SseEvent) => void;
  /** The stream says how many milliseconds to wait before coming back. */
  readonly onRetry?: (ms: number) => void;
  /** Most bytes of one block. Default 16 MiB. */
  readonly maxEventBytes?: number;
}

export interface SseDecoder {
  /**
   * Takes the next bytes of the stream; they may be reused afterwards. What it has handed over when it throws was whole.
   *
   * @throws EitherwayError `too-large` for a block over `maxEventBytes`; the stream cannot be read on then
   */
  feed(bytes: Uint8Array): void;
  /** The last id of a finished block, which is where a reader goes on; empty where there was none. */
  readonly lastEventId: string;
}

/** Far above what a server of ours sends at once, far below what hurts: it stops a stream that never ends a line. */
const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

export function createSseDecoder(options: SseDecoderOptions): SseDecoder {
  const { onEvent, onRetry, maxEventBytes = DEFAULT_MAX_EVENT_BYTES } = options;
  // The line that has not ended yet.
  let pieces: Uint8Array[] = [];
  let afterCr = false;
  let firstLine = true;
  // The block that has not ended yet.
  let blockBytes = 0;
  let data: string[] = [];
  let event = "";
  let id = "";
  // What finished blocks left.
  let lastEventId = "";

  function feed(bytes: Uint8Array): void {
    let start = 0;
    if (afterCr && bytes.length > 0) {
      afterCr = false;
      if (bytes[0] === LF) start = 1;
    }
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte !== LF && byte !== CR) continue;
      grow(i + 1 - start);
      endLine(bytes.subarray(start, i));
      if (byte === CR) {
        if (i + 1 === bytes.length) afterCr = true;
        else if (bytes[i + 1] === LF) i++;
      }
      start = i + 1;
    }
    if (start < bytes.length) {
      grow(bytes.length - start);
      pieces.push(new Uint8Array(bytes.subarray(start))); // a copy, also of a Buffer, whose slice() is none
    }
  }

  function grow(by: number): void {
    blockBytes += by;
    if (blockBytes <= maxEventBytes) return;
    pieces = [];
    data = [];
    throw new EitherwayError(
      "too-large",
      `An event of the stream is over the limit of ${maxEventBytes} bytes; raise maxEventBytes, or send less at once.`,
    );
  }

  function endLine(last: Uint8Array): void {
    let line = pieces.length === 0 ? last : join([...pieces, last]);
    if (pieces.length > 0) pieces = [];
    if (firstLine) {
      firstLine = false;
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3); // one byte order mark
    }
    if (line.length === 0) endBlock();
    else field(decoder.decode(line));
  }

  function field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id") {
      if (!value.includes("\0")) id = value;
    } else if (name === "retry" && DIGITS.test(value)) onRetry?.(Number(value));
  }

  function endBlock(): void {
    blockBytes = 0;
    lastEventId = id;
    const dispatched = data.length > 0 ? { event: event || "message", data: data.join("\n"), id } : undefined;
    data = [];
    event = "";
    if (dispatched) onEvent(dispatched);
  }

  return {
    feed,
    get lastEventId() {
      return lastEventId;
    },
  };
}

const DIGITS = /^[0-9]+$/;

// Bad bytes become U+FFFD, as in browsers. A byte order mark inside the stream is data.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
