/**
 * One channel's log: entries whose seq counts up by one, bounded by number, bytes and age, with constant-time append and trim.
 *
 * Time is told, never asked for: `now` is the monotonic clock, so that a wall clock that steps changes nothing but `at`.
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
interface Entry extends Message {
  readonly bytes: number;
  /** `clock.now()` of the append, rounded up: a fraction would be a heap object of its own. */
  readonly time: number;
  readonly collapse: string | undefined;
  /** A newer entry has the same collapse key: readers that are behind skip this one. */
  superseded: boolean;
}

/** Trimmed slots at the front of the array that are worth a move of the rest. */
const COMPACT_AT = 64;

export class Log {
  readonly epoch: Epoch;
  readonly #bounds: LogBounds;
  #head = 0;
  #bytes = 0;
  /** The newest entries without a hole; those before `#start` are trimmed, and their slots empty. */
  #entries: (Entry | undefined)[] = [];
  #start = 0;
  /** Highest seq that was trimmed without a newer entry of its collapse key: a cursor before it cannot be continued. */
  #lost = 0;
  /** Trimmed from `#entries` but the newest of their collapse key, in order of seq. */
  #spared: Map<string, Entry> | undefined;
  #sparedBytes = 0;
  /** The newest entry of each collapse key. */
  #newest: Map<string, Entry> | undefined;

  constructor(epoch: Epoch, bounds: LogBounds) {
    this.epoch = epoch;
    this.#bounds = bounds;
  }

  /** Of everything kept, payloads and overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  get head(): Position {
    return { epoch: this.epoch, seq: this.#head };
  }

  /** The oldest entry kept, or the head of an empty log. */
  get oldest(): Position {
    for (const entry of this.#spared?.values() ?? []) return { epoch: this.epoch, seq: entry.seq };
    return { epoch: this.epoch, seq: Math.min(this.#first, this.#head) };
  }

  /** Appends, then trims what is over a bound. The newest entry stays whatever its size. */
  append(draft: Draft, at: number, now: number): Message {
    const entry: Entry = {
      seq: ++this.#head,
      at,
      event: draft.event,
      from: draft.from,
      payload: owned(draft.payload),
      skipped: 0,
      bytes: entryBytes(draft),
      time: Math.ceil(now),
      collapse: draft.collapse,
      superseded: false,
    };
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    if (draft.collapse !== undefined) this.#supersede(draft.collapse, entry);
    this.trim(now);
    return entry;
  }

  /** At least how many bytes an append of `draft` would let go: what room there is in a store that is full. */
  releasedBy(draft: Draft, now: number): number {
    const needed = entryBytes(draft);
    let released = (draft.collapse !== undefined && this.#spared?.get(draft.collapse)?.bytes) || 0;
    let kept = this.#entries.length - this.#start;
    let bytes = this.#bytes - this.#sparedBytes;
    for (let at = this.#start; kept > 0; at++, kept--) {
      const entry = this.#entries[at] as Entry;
      if (!this.#isOver(kept + 1, bytes + needed, entry, now)) break;
      bytes -= entry.bytes;
      if (entry.collapse === undefined || entry.superseded) released += entry.bytes;
    }
    return released;
  }

  /** Lets go what is over a bound. Amortised constant time. */
  trim(now: number): void {
    for (;;) {
      const oldest = this.#entries[this.#start];
      const kept = this.#entries.length - this.#start;
      if (!oldest || !this.#isOver(kept, this.#bytes - this.#sparedBytes, oldest, now)) break;
      this.#entries[this.#start++] = undefined;
      this.#release(oldest);
    }
    if (this.#start >= COMPACT_AT && this.#start * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Lets go everything. */
  clear(): void {
    this.#entries = [];
    this.#start = 0;
    this.#spared = undefined;
    this.#newest = undefined;
    this.#sparedBytes = 0;
    this.#bytes = 0;
    this.#lost = this.#head;
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
    if (position.seq > this.#head) return this.#gap("unknown", 0);
    if (after !== "start" && position.seq < this.#lost) return this.#gap("trimmed", position.seq);
    return this.#page(this.#collect(position.seq, after === "start", limit));
  }

  /** The last entries before an id, or before the end: history as it was, nothing collapsed. */
  readBefore(before: Id | undefined, limit: PageLimit): BeforePage {
    const end = before === undefined ? { epoch: this.epoch, seq: this.#head + 1 } : parseId(before);
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

  /** Seq of the oldest entry of `#entries`, or the next one to come. */
  get #first(): number {
    return this.#head - (this.#entries.length - this.#start) + 1;
  }

  #isOver(kept: number, bytes: number, oldest: Entry, now: number): boolean {
    const { messages, bytes: mostBytes, ageMs } = this.#bounds;
    return kept > messages || (bytes > mostBytes && kept > 1) || now - oldest.time >= ageMs;
  }

  #supersede(collapse: string, entry: Entry): void {
    this.#newest ??= new Map();
    const previous = this.#newest.get(collapse);
    this.#newest.set(collapse, entry);
    if (!previous) return;
    previous.superseded = true;
    if (this.#spared?.delete(collapse)) this.#forgetSpared(previous);
  }

  /** An entry left `#entries`: spares it, or lets it go. */
  #release(entry: Entry): void {
    const { collapse } = entry;
    if (collapse === undefined || entry.superseded) {
      this.#bytes -= entry.bytes;
      if (collapse === undefined) this.#lost = entry.seq;
      return;
    }
    this.#spared ??= new Map();
    this.#spared.set(collapse, entry);
    this.#sparedBytes += entry.bytes;
    for (const [key, oldest] of this.#spared) {
      const { size } = this.#spared;
      if (size <= this.#bounds.latestKeys && (this.#sparedBytes <= this.#bounds.bytes || size === 1)) break;
      this.#spared.delete(key);
      this.#newest?.delete(key);
      this.#forgetSpared(oldest);
      this.#lost = Math.max(this.#lost, oldest.seq);
    }
  }

  #forgetSpared(entry: Entry): void {
    this.#sparedBytes -= entry.bytes;
    this.#bytes -= entry.bytes;
  }

  #collect(after: number, fromStart: boolean, limit: PageLimit): readonly Message[] {
    const { pieces } = this.#bounds;
    const messages: Message[] = [];
    /** Messages of the page, where pieces that are joined are one. */
    let count = 0;
    let bytes = 0;
    let shown = after;
    for (const entry of this.#forwards(after)) {
      if (entry.superseded) continue;
      if (!pieces || !isContinued(messages.at(-1), entry)) count++;
      bytes += entry.bytes - ENTRY_OVERHEAD_BYTES;
      // No page ends before what is lost: its reader could not go on from there. Only spared entries lie there.
      const mayEnd = messages.length > 0 && shown >= this.#lost;
      if (mayEnd && (count > limit.messages || bytes > limit.bytes)) break;
      // A reader from `start` begins where the log does; nothing is missing before that.
      if (fromStart && messages.length === 0) shown = entry.seq - 1;
      messages.push(declaring(entry, shown));
      shown = entry.seq;
    }
    return pieces ? joinPieces(messages) : messages;
  }

  *#forwards(after: number): Iterable<Entry> {
    const first = this.#first;
    if (this.#spared && after < first - 1) {
      for (const entry of this.#spared.values()) if (entry.seq > after) yield entry;
    }
    for (let at = this.#start + Math.max(0, after + 1 - first); at < this.#entries.length; at++) {
      yield this.#entries[at] as Entry;
    }
  }

  *#backwards(before: number): Iterable<Entry> {
    const last = Math.min(before - 1, this.#head);
    for (let at = this.#start + last - this.#first; at >= this.#start; at--) yield this.#entries[at] as Entry;
    for (const entry of [...(this.#spared?.values() ?? [])].reverse()) if (entry.seq < before) yield entry;
  }

  #page(messages: readonly Message[]): Page {
    return { kind: "messages", epoch: this.epoch, messages, head: this.head, oldest: this.oldest };
  }

  #gap(why: GapReason, seen: number): Page {
    return { kind: "gap", why, oldest: this.oldest, head: this.head, latest: this.#latest(seen) };
  }

  /** What still holds of collapse keys, after a place. */
  #latest(after: number): readonly Message[] {
    const { latestKeys, bytes: mostBytes } = this.#bounds;
    const newest: Entry[] = [];
    let bytes = 0;
    for (const entry of [...(this.#newest?.values() ?? [])].sort((one, other) => other.seq - one.seq)) {
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
