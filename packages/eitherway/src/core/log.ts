/**
 * The rules of one channel's log: entries whose seq counts up by one, bounded by number, bytes and age, with constant-time append and
 * trim. Where its entries lie is up to the store (`MemoryLog`, `FileLog`), whose classes add the few methods that are abstract here.
 *
 * Time is told, never asked for: `now` is a clock that never steps back, so that a wall clock that does changes nothing but `at`.
 */
import {
  type Cursor,
  type Epoch,
  type GapReason,
  type Id,
  type Message,
  type Payload,
  parseId,
  payloadBytes,
} from "../protocol/index.ts";
import type { BeforePage, Draft, Page, PageLimit, Position } from "./broker.ts";
import { isContinued, joinPieces } from "./join-pieces.ts";
import type { Retention } from "./limits.ts";

/** What a log may keep; shared by the logs of one broker. What trimming spared may be as many bytes again. */
export interface LogBounds extends Retention {
  /** Collapse keys whose newest entry trimming spares. */
  readonly latestKeys: number;
  /** The log is that of a stream: a reader gets neighbouring pieces joined. */
  readonly pieces?: boolean;
}

/**
 * What an entry costs beside its payload, in bytes: entry and payload objects with their boxed numbers, string headers, the slot in
 * the array, and names of usual length. Measured on Node 20: about 220 bytes an entry.
 */
export const ENTRY_OVERHEAD_BYTES = 256;

/** What a draft will count for in the log. */
export function entryBytes(draft: Draft): number {
  return payloadBytes(draft.payload) + ENTRY_OVERHEAD_BYTES;
}

/** A message and what its log knows of it: one object, as busy logs are what the garbage collector has most of. */
export interface Entry extends Message {
  readonly bytes: number;
  /** `now` of the append, rounded up: a fraction would be a heap object of its own. */
  readonly time: number;
  readonly collapse: string | undefined;
}

export abstract class Log {
  readonly epoch: Epoch;
  protected readonly bounds: LogBounds;
  /** The entries from `firstSeq` to `headSeq` are all there: the window. Empty where `firstSeq` is the next one to come. */
  protected headSeq = 0;
  protected firstSeq = 1;
  /** Highest seq that was trimmed without a newer entry of its collapse key: a cursor before it cannot be continued. */
  protected lostSeq = 0;
  /** Of everything kept, payloads and overhead. */
  protected keptBytes = 0;
  /** Before the window, but the newest of their collapse key: spared. */
  protected sparedCount = 0;
  protected sparedBytes = 0;

  constructor(epoch: Epoch, bounds: LogBounds) {
    this.epoch = epoch;
    this.bounds = bounds;
  }

  // --- what a store adds ---

  /** Keeps a new entry at the end of the window. */
  protected abstract push(entry: Entry): void;
  /** An entry of the window. */
  protected abstract at(seq: number): Entry;
  /** The oldest entry leaves the window (`firstSeq` still says where it is), and is kept nevertheless or not. */
  protected abstract shift(entry: Entry, spare: boolean): void;
  /** The spared entries, in order of seq. */
  protected abstract spared(): Iterable<Entry>;
  /** The spared entry of a collapse key. */
  protected abstract sparedOf(collapse: string): Entry | undefined;
  /** Lets go a spared entry. */
  protected abstract unspare(entry: Entry): void;
  /** The seq of the newest entry of a collapse key. */
  protected abstract newestOf(collapse: string): number | undefined;
  /** `undefined`: none is kept any more. */
  protected abstract setNewest(collapse: string, entry: Entry | undefined): void;
  /** The newest entry of each collapse key, the youngest first. */
  protected abstract newestFirst(): Iterable<Entry>;
  /** Lets go all entries. */
  protected abstract empty(): void;

  // --- the rules ---

  /** Of everything kept, payloads and overhead. */
  get bytes(): number {
    return this.keptBytes;
  }

  get head(): Position {
    return { epoch: this.epoch, seq: this.headSeq };
  }

  /** The oldest entry kept, or the head of an empty log. */
  get oldest(): Position {
    if (this.sparedCount > 0) for (const { seq } of this.spared()) return { epoch: this.epoch, seq };
    return { epoch: this.epoch, seq: Math.min(this.firstSeq, this.headSeq) };
  }

  /** Appends, then trims what is over a bound. The newest entry stays whatever its size. */
  append(draft: Draft, at: number, now: number): Message {
    const entry: Entry = {
      seq: ++this.headSeq,
      at,
      event: draft.event,
      from: draft.from,
      payload: owned(draft.payload),
      skipped: 0,
      bytes: entryBytes(draft),
      time: Math.ceil(now),
      collapse: draft.collapse,
    };
    this.push(entry);
    this.keptBytes += entry.bytes;
    if (draft.collapse !== undefined) this.#supersede(draft.collapse, entry);
    this.trim(now);
    return entry;
  }

  /** At least how many bytes an append of `draft` would let go: what room there is in a store that is full. */
  releasedBy(draft: Draft, now: number): number {
    const needed = entryBytes(draft);
    let released = (draft.collapse !== undefined && this.sparedOf(draft.collapse)?.bytes) || 0;
    let kept = this.#kept;
    let bytes = this.keptBytes - this.sparedBytes;
    for (let seq = this.firstSeq; kept > 0; seq++, kept--) {
      const entry = this.at(seq);
      if (!this.#isOver(kept + 1, bytes + needed, entry, now)) break;
      bytes -= entry.bytes;
      if (entry.collapse === undefined || this.#isSuperseded(entry)) released += entry.bytes;
    }
    return released;
  }

  /** Lets go what is over a bound. Amortised constant time. */
  trim(now: number): void {
    for (let kept = this.#kept; kept > 0; kept--) {
      const oldest = this.at(this.firstSeq);
      if (!this.#isOver(kept, this.keptBytes - this.sparedBytes, oldest, now)) break;
      this.#release(oldest);
    }
  }

  /** Whether a trim would let go anything. */
  isDue(now: number): boolean {
    const kept = this.#kept;
    return kept > 0 && this.#isOver(kept, this.keptBytes - this.sparedBytes, this.at(this.firstSeq), now);
  }

  /** Lets go everything. */
  clear(): void {
    this.empty();
    this.firstSeq = this.headSeq + 1;
    this.lostSeq = this.headSeq;
    this.keptBytes = 0;
    this.sparedCount = 0;
    this.sparedBytes = 0;
  }

  /**
   * What comes after a cursor; entries with a newer one of their collapse key are left out and declared, and pieces of a stream
   * are joined.
   */
  read(after: Cursor, limit: PageLimit): Page {
    if (after === "now") return this.#page([]);
    const position = after === "start" ? { epoch: this.epoch, seq: 0 } : parseId(after);
    if (!position) return this.#gap("unknown", 0);
    if (position.epoch !== this.epoch) return this.#gap("epoch", 0);
    if (position.seq > this.headSeq) return this.#gap("unknown", 0);
    if (after !== "start" && position.seq < this.lostSeq) return this.#gap("trimmed", position.seq);
    return this.#page(this.#collect(position.seq, after === "start", limit));
  }

  /** The last entries before an id, or before the end: history as it was, nothing collapsed. */
  readBefore(before: Id | undefined, limit: PageLimit): BeforePage {
    const end = before === undefined ? { epoch: this.epoch, seq: this.headSeq + 1 } : parseId(before);
    const entries: Entry[] = [];
    let bytes = 0;
    if (end?.epoch === this.epoch) {
      for (const entry of this.#backwards(end.seq)) {
        bytes += entry.bytes - ENTRY_OVERHEAD_BYTES;
        if (entries.length > 0 && (entries.length >= limit.messages || bytes > limit.bytes)) break;
        entries.push(entry);
      }
    }
    const messages: Message[] = [];
    for (const entry of entries.reverse()) {
      messages.push(declaring(entry, messages.at(-1)?.seq ?? entry.seq - 1));
    }
    return { epoch: this.epoch, messages, head: this.head, oldest: this.oldest };
  }

  get #kept(): number {
    return this.headSeq - this.firstSeq + 1;
  }

  #isOver(kept: number, bytes: number, oldest: Entry, now: number): boolean {
    const { messages, bytes: mostBytes, ageMs } = this.bounds;
    return kept > messages || (bytes > mostBytes && kept > 1) || now - oldest.time >= ageMs;
  }

  /** A newer entry has the same collapse key: readers that are behind skip this one. */
  #isSuperseded({ collapse, seq }: Entry): boolean {
    return collapse !== undefined && this.newestOf(collapse) !== seq;
  }

  #supersede(collapse: string, entry: Entry): void {
    const spared = this.sparedCount > 0 ? this.sparedOf(collapse) : undefined;
    this.setNewest(collapse, entry);
    if (spared) this.#forgetSpared(spared);
  }

  /** The oldest entry of the window leaves it: spares it, or lets it go. */
  #release(entry: Entry): void {
    const { collapse } = entry;
    const spare = collapse !== undefined && !this.#isSuperseded(entry);
    this.shift(entry, spare);
    this.firstSeq++;
    if (!spare) {
      this.keptBytes -= entry.bytes;
      if (collapse === undefined) this.lostSeq = entry.seq;
      return;
    }
    this.sparedCount++;
    this.sparedBytes += entry.bytes;
    for (const oldest of this.spared()) {
      const { latestKeys, bytes } = this.bounds;
      if (this.sparedCount <= latestKeys && (this.sparedBytes <= bytes || this.sparedCount === 1)) break;
      this.#forgetSpared(oldest);
      if (oldest.collapse !== undefined) this.setNewest(oldest.collapse, undefined);
      this.lostSeq = Math.max(this.lostSeq, oldest.seq);
    }
  }

  #forgetSpared(entry: Entry): void {
    this.unspare(entry);
    this.sparedCount--;
    this.sparedBytes -= entry.bytes;
    this.keptBytes -= entry.bytes;
  }

  #collect(after: number, fromStart: boolean, limit: PageLimit): readonly Message[] {
    const { pieces } = this.bounds;
    const messages: Message[] = [];
    /** Messages of the page, where pieces that are joined are one. */
    let count = 0;
    let bytes = 0;
    let shown = after;
    for (const entry of this.#forwards(after)) {
      if (this.#isSuperseded(entry)) continue;
      if (!pieces || !isContinued(messages.at(-1), entry)) count++;
      bytes += entry.bytes - ENTRY_OVERHEAD_BYTES;
      // No page ends before what is lost: its reader could not go on from there. Only spared entries lie there.
      const mayEnd = messages.length > 0 && shown >= this.lostSeq;
      if (mayEnd && (count > limit.messages || bytes > limit.bytes)) break;
      // A reader from `start` begins where the log does; nothing is missing before that.
      if (fromStart && messages.length === 0) shown = entry.seq - 1;
      messages.push(declaring(entry, shown));
      shown = entry.seq;
    }
    return pieces ? joinPieces(messages) : messages;
  }

  *#forwards(after: number): Iterable<Entry> {
    if (this.sparedCount > 0 && after < this.firstSeq - 1) {
      for (const entry of this.spared()) if (entry.seq > after) yield entry;
    }
    for (let seq = Math.max(this.firstSeq, after + 1); seq <= this.headSeq; seq++) yield this.at(seq);
  }

  *#backwards(before: number): Iterable<Entry> {
    for (let seq = Math.min(before - 1, this.headSeq); seq >= this.firstSeq; seq--) yield this.at(seq);
    if (this.sparedCount === 0) return;
    for (const entry of [...this.spared()].reverse()) if (entry.seq < before) yield entry;
  }

  #page(messages: readonly Message[]): Page {
    return { kind: "messages", epoch: this.epoch, messages, head: this.head, oldest: this.oldest };
  }

  #gap(why: GapReason, seen: number): Page {
    return { kind: "gap", why, oldest: this.oldest, head: this.head, latest: this.#latest(seen) };
  }

  /** What still holds of collapse keys, after a place. */
  #latest(after: number): readonly Message[] {
    const { latestKeys, bytes: mostBytes } = this.bounds;
    const newest: Entry[] = [];
    let bytes = 0;
    for (const entry of this.newestFirst()) {
      bytes += entry.bytes;
      if (entry.seq <= after || newest.length >= latestKeys || (bytes > mostBytes && newest.length > 0)) break;
      newest.push(entry);
    }
    newest.reverse();
    return newest.map((entry, i) => declaring(entry, newest[i - 1]?.seq ?? entry.seq - 1));
  }
}

/** The message for a reader that was shown everything up to `shown`. */
function declaring(message: Message, shown: number): Message {
  const skipped = message.seq - shown - 1;
  return skipped === 0 ? message : { ...message, skipped };
}

/** Bytes that nobody else can change, and that keep nothing else alive (a view keeps the whole buffer it looks into). */
export function owned(payload: Payload): Payload {
  return payload.kind === "bytes" ? { kind: "bytes", data: new Uint8Array(payload.data) } : payload;
}
