/**
 * A log whose entries are on disk. One that is live keeps what has changed since the last commit, and sees the disk through that; a view
 * sees what is committed and nothing else.
 */
import { createHash } from "node:crypto";
import { type Entry, Log, type LogBounds } from "../core/log.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import type { LogRow, NewestKey, Tables, Writes } from "./tables.ts";

export interface FileLogOptions {
  readonly row: LogRow;
  readonly bounds: LogBounds;
  readonly tables: Tables;
  /** Hears that there is something to commit. Default: a view, which never changes. */
  readonly changed?: (log: FileLog) => void;
}

export class FileLog extends Log {
  readonly id: number;
  readonly #tables: Tables;
  readonly #changed: ((log: FileLog) => void) | undefined;
  /** The head that is committed; entries beyond it are in `#added`. */
  #committedHead: number;
  #added: Map<number, Entry> | undefined;
  /** Committed, and to be removed. */
  #removed: Set<number> | undefined;
  /** The newest of collapse keys where that has changed. */
  #newest: Map<string, number | undefined> | undefined;
  /** Whatever is committed is to be removed. */
  #emptied = false;
  /** The oldest of the window, which is asked for most. */
  #oldest: Entry | undefined;

  constructor({ row, bounds, tables, changed }: FileLogOptions) {
    super(row.epoch, bounds);
    this.id = row.id;
    this.#tables = tables;
    this.#changed = changed;
    this.#committedHead = row.head;
    this.headSeq = row.head;
    this.firstSeq = row.first;
    this.lostSeq = row.lost;
    this.keptBytes = row.bytes;
    this.sparedCount = row.spared;
    this.sparedBytes = row.sparedBytes;
  }

  row(): LogRow {
    return {
      id: this.id,
      epoch: this.epoch,
      head: this.headSeq,
      first: this.firstSeq,
      lost: this.lostSeq,
      bytes: this.keptBytes,
      spared: this.sparedCount,
      sparedBytes: this.sparedBytes,
    };
  }

  /** Gathers what has changed since the last commit. */
  write({ put, remove }: Writes): void {
    const { entries, newest } = this.#tables;
    if (this.#emptied) {
      for (const key of entries.getKeys(allOf(this.id))) remove(entries, key);
      for (const key of newest.getKeys(allOf(this.id))) remove(newest, key);
    }
    for (const seq of this.#removed ?? []) remove(entries, [this.id, seq]);
    for (const [seq, entry] of this.#added ?? []) put(entries, [this.id, seq], encodeEntry(entry));
    for (const [collapse, seq] of this.#newest ?? []) {
      const key: NewestKey = [this.id, collapseKey(collapse)];
      if (seq === undefined) remove(newest, key);
      else put(newest, key, seq);
    }
  }

  /** What was written is committed. */
  committed(): void {
    this.#committedHead = this.headSeq;
    this.#added = undefined;
    this.#removed = undefined;
    this.#newest = undefined;
    this.#emptied = false;
  }

  protected push(entry: Entry): void {
    this.#added ??= new Map();
    this.#added.set(entry.seq, entry);
    this.#changed?.(this);
  }

  protected at(seq: number): Entry {
    if (seq === this.#oldest?.seq) return this.#oldest;
    const entry = this.#added?.get(seq) ?? this.#read(seq);
    if (seq === this.firstSeq && this.#changed) this.#oldest = entry;
    return entry;
  }

  protected shift(entry: Entry, spare: boolean): void {
    this.#oldest = undefined;
    if (!spare) this.#remove(entry.seq);
    this.#changed?.(this);
  }

  /** Spared entries are what is left of those before the window. */
  protected *spared(): Iterable<Entry> {
    const { entries } = this.#tables;
    if (!this.#emptied) {
      for (const { key, value } of entries.getRange({ start: [this.id, 0], end: [this.id, this.firstSeq] })) {
        const seq = key[1];
        if (!this.#removed?.has(seq)) yield decodeEntry(seq, value);
      }
    }
    for (const [seq, entry] of this.#added ?? []) if (seq < this.firstSeq) yield entry;
  }

  protected sparedOf(collapse: string): Entry | undefined {
    const seq = this.newestOf(collapse);
    if (seq === undefined || seq >= this.firstSeq) return undefined;
    return this.#added?.get(seq) ?? this.#read(seq);
  }

  protected unspare({ seq }: Entry): void {
    this.#remove(seq);
  }

  protected newestOf(collapse: string): number | undefined {
    if (this.#newest?.has(collapse)) return this.#newest.get(collapse);
    return this.#emptied ? undefined : this.#tables.newest.get([this.id, collapseKey(collapse)]);
  }

  protected setNewest(collapse: string, entry: Entry | undefined): void {
    this.#newest ??= new Map();
    this.#newest.set(collapse, entry?.seq);
    this.#changed?.(this);
  }

  /** Of a view: readers see nothing else. */
  protected *newestFirst(): Iterable<Entry> {
    const seqs: number[] = [];
    for (const { value } of this.#tables.newest.getRange(allOf(this.id))) seqs.push(value);
    for (const seq of seqs.sort((one, other) => other - one)) yield this.#read(seq);
  }

  protected empty(): void {
    this.#added = undefined;
    this.#removed = undefined;
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#emptied = true;
    this.#changed?.(this);
  }

  #remove(seq: number): void {
    if (this.#added?.delete(seq) || seq > this.#committedHead) return;
    this.#removed ??= new Set();
    this.#removed.add(seq);
  }

  #read(seq: number): Entry {
    const bytes = this.#tables.entries.get([this.id, seq]);
    if (!bytes) throw new Error(`entry ${seq} of log ${this.id} is not where its record says`);
    return decodeEntry(seq, bytes);
  }
}

/** The range of keys of one log. */
function allOf(id: number): { start: [number]; end: [number] } {
  return { start: [id], end: [id + 1] };
}

/** Longer collapse keys are known by their digest: no key of the database may have more than about 2,000 bytes. */
const LONGEST_COLLAPSE = 200;

function collapseKey(collapse: string): string {
  if (collapse.length <= LONGEST_COLLAPSE) return `=${collapse}`;
  return `#${createHash("sha256").update(collapse).digest("base64")}`;
}
