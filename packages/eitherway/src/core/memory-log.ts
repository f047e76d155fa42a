/** A log whose entries are in memory. */
import { type Entry, Log } from "./log.ts";

/** Trimmed slots at the front of the array that are worth a move of the rest. */
const COMPACT_AT = 64;

export class MemoryLog extends Log {
  /** The window; slots before `#start` are trimmed, and empty. */
  #entries: (Entry | undefined)[] = [];
  #start = 0;
  /** By collapse key, in order of seq. */
  #spared: Map<string, Entry> | undefined;
  /** The newest entry of each collapse key. */
  #newest: Map<string, Entry> | undefined;

  protected push(entry: Entry): void {
    this.#entries.push(entry);
  }

  protected at(seq: number): Entry {
    return this.#entries[this.#start + seq - this.firstSeq] as Entry;
  }

  protected shift(entry: Entry, spare: boolean): void {
    this.#entries[this.#start++] = undefined;
    if (this.#start >= COMPACT_AT && this.#start * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
    if (!spare || entry.collapse === undefined) return;
    this.#spared ??= new Map();
    this.#spared.set(entry.collapse, entry);
  }

  protected spared(): Iterable<Entry> {
    return this.#spared?.values() ?? [];
  }

  protected sparedOf(collapse: string): Entry | undefined {
    return this.#spared?.get(collapse);
  }

  protected unspare({ collapse }: Entry): void {
    if (collapse !== undefined) this.#spared?.delete(collapse);
  }

  protected newestOf(collapse: string): number | undefined {
    return this.#newest?.get(collapse)?.seq;
  }

  protected setNewest(collapse: string, entry: Entry | undefined): void {
    if (!entry) {
      this.#newest?.delete(collapse);
      return;
    }
    this.#newest ??= new Map();
    this.#newest.set(collapse, entry);
  }

  protected newestFirst(): Iterable<Entry> {
    return [...(this.#newest?.values() ?? [])].sort((one, other) => other.seq - one.seq);
  }

  protected empty(): void {
    this.#entries = [];
    this.#start = 0;
    this.#spared = undefined;
    this.#newest = undefined;
  }
}
