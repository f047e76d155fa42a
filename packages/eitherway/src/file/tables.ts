/** The tables of a store, and what their rows are. */
import type { Database } from "lmdb";
import type { ClaimMemory } from "../core/key-memory.ts";
import type { KeptStream } from "../core/memory-streams.ts";
import type { Epoch } from "../protocol/index.ts";

/** What of a log is in its record. */
export interface LogRow {
  /** Of no other log that is on disk: what its entries are found under. */
  readonly id: number;
  readonly epoch: Epoch;
  readonly head: number;
  readonly first: number;
  readonly lost: number;
  readonly bytes: number;
  readonly spared: number;
  readonly sparedBytes: number;
}

export interface RecordRow {
  readonly log: LogRow;
  readonly touchedAt: number;
  /** `null`: it is none, or was never opened. */
  readonly stream: KeptStream | null;
}

/** A claim as JSON can say it: bytes of an answer are base64. */
export type ClaimRow = Omit<ClaimMemory, "settlement"> & { readonly settlement?: unknown };

/** `[log, seq]` */
type EntryKey = [number, number];
/** `[log, collapse key]` */
export type NewestKey = [number, string];
/** `[memory, counter]` */
export type ReceiptKey = [number, number];
export type ReceiptRow = readonly [print: number, seq: number];
/** Its name, when it was last touched, and the claim where it is one. */
export type MemoryRow = readonly [name: string, touchedAt: number, claim: ClaimRow | null];

export interface Tables {
  /** By channel. */
  readonly records: Database<RecordRow, string>;
  readonly entries: Database<Buffer, EntryKey>;
  readonly newest: Database<number, NewestKey>;
  readonly memories: Database<MemoryRow, number>;
  readonly receipts: Database<ReceiptRow, ReceiptKey>;
  readonly marks: Database<number, string>;
}

/** The writes of one transaction, gathered before it begins: what throws while they are, has changed nothing. */
export interface Writes {
  put<V, K extends Key>(table: Database<V, K>, key: K, value: V): void;
  remove<V, K extends Key>(table: Database<V, K>, key: K): void;
}

export type Key = number | string | (number | string)[];
