/**
 * Reads an event stream from bytes, however they are cut (WHATWG HTML, "Server-sent events": parsing, interpretation).
 *
 * The cost is linear, also for one long line in many pieces.
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
  /** Most characters of one block, in UTF-16 units. Default 16 Mi. */
  readonly maxEventLength?: number;
}

export interface SseDecoder {
  /**
   * Takes the next bytes of the stream, which may be reused afterwards, or the next text of one that the platform has decoded.
   * What it has handed over when it throws was whole.
   *
   * @throws EitherwayError `too-large` for a block over `maxEventLength`; the stream cannot be read on then
   */
  feed(piece: Uint8Array | string): void;
  /** The last id of a finished block, which is where a reader goes on; empty where there was none. */
  readonly lastEventId: string;
}

/** Far above what a server of ours sends at once, far below what hurts: it stops a stream that never ends a line. */
const MOST_LENGTH = 16 * 1024 * 1024;

const LINE_END = /\r\n?|\n/;
const DIGITS = /^[0-9]+$/;

export function createSseDecoder({ onEvent, onRetry, maxEventLength = MOST_LENGTH }: SseDecoderOptions): SseDecoder {
  // Bad bytes become U+FFFD, as in browsers, and one byte order mark at the start is taken away.
  // Made for bytes only: where streams come as text, there may be no decoder at all.
  let utf8: TextDecoder | undefined;
  let afterCr = false;
  /** The line that has not ended yet. */
  let pieces: string[] = [];
  // The block that has not ended yet.
  let length = 0;
  let data: string[] = [];
  let event = "";
  let id = "";
  /** What finished blocks left. */
  let lastEventId = "";

  function feed(piece: Uint8Array | string): void {
    const text = typeof piece === "string" ? piece : decode(piece);
    if (text === "") return;
    const lines = text.slice(afterCr && text.startsWith("\n") ? 1 : 0).split(LINE_END);
    afterCr = text.endsWith("\r");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      keep(line, 1);
      const whole = pieces.join("");
      pieces = [];
      if (whole === "") endBlock();
      else takeField(whole);
    }
    keep(last, 0);
  }

  function decode(bytes: Uint8Array): string {
    utf8 ??= new TextDecoder();
    return utf8.decode(bytes, { stream: true });
  }

  /** @param end how much the end of the line counts */
  function keep(piece: string, end: number): void {
    length += piece.length + end;
    if (length > maxEventLength) {
      pieces = [];
      data = [];
      throw new EitherwayError(
        "too-large",
        `An event of the stream is over the limit of ${maxEventLength} characters; send less at once.`,
      );
    }
    if (piece !== "") pieces.push(piece);
  }

  function takeField(line: string): void {
    const [name = ""] = line.split(":", 1); // empty for a comment
    const value = line.slice(name.length + (line[name.length + 1] === " " ? 2 : 1));
    if (name === "data") data.push(value);
    if (name === "event") event = value;
    if (name === "id" && !value.includes("\0")) id = value;
    if (name === "retry" && DIGITS.test(value)) onRetry?.(Number(value));
  }

  function endBlock(): void {
    lastEventId = id;
    const dispatched = data.length > 0 ? { event: event || "message", data: data.join("\n"), id } : undefined;
    length = 0;
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
