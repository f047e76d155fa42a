/** Writes the fields of a binary frame one after the other (PROTOCOL.md, rules B1-B6). */
import { type Cursor, type Epoch, type Id, parseId } from "./ids.ts";
import { encoder } from "./utf8.ts";

/** How a cursor begins; an id follows {@link CURSOR_ID}. */
export const CURSOR_START = 0;
export const CURSOR_NOW = 1;
export const CURSOR_ID = 2;

/** Seven bits of a number stand in each byte; the eighth says that more follow. */
export const MORE = 0x80;

const FIRST_CAPACITY = 256; // most frames; a run grows by doubling
/** Text up to this length is written unit by unit, which beats a call of the encoder. */
const SHORT_TEXT = 64;

export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1; anything else is a bug of the caller and throws. */
  number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a whole number, 0 or more`);
    let rest = value;
    while (rest >= MORE) {
      this.byte((rest % MORE) | MORE);
      rest = Math.floor(rest / MORE); // not >>>, which would cut to 32 bits
    }
    this.byte(rest);
  }

  /** Length, then the bytes. */
  bytes(value: Uint8Array): void {
    this.number(value.length);
    this.#raw(value);
  }

  /** Length in UTF-8 bytes, then those. */
  text(value: string): void {
    if (value.length > SHORT_TEXT || !this.#asciiText(value)) this.bytes(encoder.encode(value));
  }

  epoch(value: Epoch): void {
    this.#raw(encoder.encode(value));
  }

  id(value: Id): void {
    const parts = parseId(value);
    if (!parts) throw new RangeError(`${value} is not an id`);
    this.epoch(parts.epoch);
    this.number(parts.seq);
  }

  cursor(value: Cursor): void {
    if (value === "start") this.byte(CURSOR_START);
    else if (value === "now") this.byte(CURSOR_NOW);
    else {
      this.byte(CURSOR_ID);
      this.id(value);
    }
  }

  /** What was written, in a buffer of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** False, with nothing written, when a character takes more than one byte. */
  #asciiText(value: string): boolean {
    this.#room(value.length + 1); // + 1: the length, which is below MORE
    const start = this.#length + 1;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= MORE) return false;
      this.#bytes[start + i] = unit;
    }
    this.#bytes[this.#length] = value.length;
    this.#length = start + value.length;
    return true;
  }

  #raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
