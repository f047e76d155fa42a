/** Reads the fields of a binary frame, and nothing beyond its end (PROTOCOL.md, rules B1-B6). */
import { CURSOR_ID, CURSOR_NOW, CURSOR_START, MORE } from "./byte-writer.ts";
import { EitherwayError } from "./errors.ts";
import { type Cursor, type Epoch, formatId, type Id, MAX_SEQ } from "./ids.ts";

const EPOCH_BYTES = 12;
const EPOCH_SHAPE = /^[0-9a-z]{12}$/;

// Made at the first text: a bundle that never reads a binary frame may load this where there is no decoder.
let utf8: TextDecoder | undefined;

/** Every method throws EitherwayError `bad-frame` when the frame ends early or a field has another shape, `bad-utf8` for text. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw bad("ends before its last field");
    this.#at++;
    return value;
  }

  /** A byte of flags, of which only those in `known` may be set. */
  flags(known: number): number {
    const value = this.byte();
    if ((value & ~known) !== 0) throw bad(`has the unknown flags 0x${(value & ~known).toString(16)}`);
    return value;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte % MORE) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw bad("has a number over 2^53 - 1");
      if (byte < MORE) {
        if (byte === 0 && scale > 1) throw bad("has a number that is longer than it needs to be");
        return value;
      }
      scale *= MORE;
      // A run of zeros with the "more" bit set keeps the value small for ever.
      if (scale > Number.MAX_SAFE_INTEGER) throw bad("has a number over 2^53 - 1");
    }
  }

  /** A copy: what arrived may be part of a larger buffer, which the bytes would hold in memory. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#take(this.number()));
  }

  text(): string {
    const bytes = this.#take(this.number());
    try {
      utf8 ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // a byte order mark is part of the text
      return utf8.decode(bytes);
    } catch (cause) {
      throw new EitherwayError("bad-utf8", "A text of the frame is not valid UTF-8.", { cause });
    }
  }

  epoch(): Epoch {
    const text = String.fromCharCode(...this.#take(EPOCH_BYTES));
    if (!EPOCH_SHAPE.test(text)) throw bad("has an epoch that is not 12 characters of 0-9 and a-z");
    return text;
  }

  seq(): number {
    const seq = this.number();
    if (seq > MAX_SEQ) throw bad(`has a seq over ${MAX_SEQ}`);
    return seq;
  }

  id(): Id {
    return formatId(this.epoch(), this.seq());
  }

  cursor(): Cursor {
    const kind = this.byte();
    if (kind === CURSOR_START) return "start";
    if (kind === CURSOR_NOW) return "now";
    if (kind !== CURSOR_ID) {
      throw new EitherwayError(
        "bad-cursor",
        `A cursor of kind ${kind} is unknown; send 0 (start), 1 (now) or 2 and an id.`,
      );
    }
    return this.id();
  }

  #take(length: number): Uint8Array {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw bad(`has a field of ${length} bytes where ${left} are left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function bad(what: string): EitherwayError {
  return new EitherwayError("bad-frame", `The binary frame ${what}; see PROTOCOL.md, section 5.`);
}
