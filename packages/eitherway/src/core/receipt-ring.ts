/**
 * The newest receipts of one client on one channel, oldest first. Numbers only, in one array: a busy client gives the garbage
 * collector nothing to trace or to copy.
 */

/** The first receipt of a command. */
export interface AppliedKey {
  /** 0 for foreign keys. */
  readonly counter: number;
  /** Fingerprint of the command's body. */
  readonly print: number;
  readonly seq: number;
}

/** Numbers of one receipt: counter, print, seq. */
const FIELDS = 3;

/** A class for the same reason: one object and one array for each client of each channel. */
export class ReceiptRing {
  readonly #most: number;
  /** Grows to `most` receipts; from then on the newest takes the place of the oldest. */
  #numbers: number[] = [];
  /** Where the next receipt goes. */
  #next = 0;

  /** @param most receipts that are kept, at least 1 */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#numbers.length / FIELDS;
  }

  /** Of the receipt that was added last; `undefined` of none. */
  get newestCounter(): number | undefined {
    const { length } = this.#numbers;
    return length === 0 ? undefined : this.#numbers[(this.#next + length - FIELDS) % length];
  }

  /** @returns the counter whose receipt made room */
  add(counter: number, print: number, seq: number): number | undefined {
    const numbers = this.#numbers;
    const at = this.#next;
    let dropped: number | undefined;
    if (numbers.length === 0) {
      this.#numbers = [counter, print, seq]; // no spare places: a push makes room for 17
    } else if (numbers.length < this.#most * FIELDS) {
      numbers.push(counter, print, seq);
    } else {
      dropped = numbers[at];
      numbers[at] = counter;
      numbers[at + 1] = print;
      numbers[at + 2] = seq;
    }
    this.#next = (at + FIELDS) % (this.#most * FIELDS);
    return dropped;
  }

  /** The newest receipt of that counter. */
  find(counter: number): AppliedKey | undefined {
    const numbers = this.#numbers;
    const { length } = numbers;
    for (let back = FIELDS; back <= length; back += FIELDS) {
      const at = (this.#next + length - back) % length;
      if (numbers[at] !== counter) continue;
      return { counter, print: numbers[at + 1] as number, seq: numbers[at + 2] as number };
    }
    return undefined;
  }
}
