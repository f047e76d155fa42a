/** The key memory on disk: what has changed of it since the last commit, and what is read when a store is opened. */
import type { ClaimMemory, KeptMemory, KeyJournal } from "../core/key-memory.ts";
import type { AppliedKey } from "../core/receipt-ring.ts";
import type { Payload } from "../protocol/index.ts";
import type { ClaimRow, MemoryRow, ReceiptRow, Tables, Writes } from "./tables.ts";

export interface KeyRows extends KeyJournal {
  readonly isEmpty: boolean;
  write(writes: Writes): void;
  /** Begins anew, after a commit, whatever came of it. */
  reset(): void;
}

/** The mark up to which memories had to go before their time. */
const SHORTENED = "keys shortened until";

export function createKeyRows(tables: Tables): KeyRows {
  const memories = new Map<number, MemoryRow>();
  const receipts = new Map<number, Map<number, ReceiptRow | undefined>>();
  const gone = new Set<number>();
  let shortenedUntil: number | undefined;

  function setReceipt(memory: number, counter: number, row: ReceiptRow | undefined): void {
    const rows = receipts.get(memory) ?? new Map<number, ReceiptRow | undefined>();
    receipts.set(memory, rows.set(counter, row));
  }

  return {
    kept({ id, name, touchedAt }, { counter, print, seq }, dropped) {
      if (dropped !== undefined) setReceipt(id, dropped, undefined);
      setReceipt(id, counter, [print, seq]);
      memories.set(id, [name, touchedAt, null]);
    },
    claimed({ id, name, touchedAt }, claim) {
      memories.set(id, [name, touchedAt, claimRow(claim)]);
    },
    forgotten({ id }) {
      memories.delete(id);
      receipts.delete(id);
      gone.add(id);
    },
    shortened(until) {
      shortenedUntil = until;
    },
    get isEmpty() {
      return memories.size === 0 && gone.size === 0 && shortenedUntil === undefined;
    },
    write({ put, remove }) {
      for (const id of gone) {
        remove(tables.memories, id);
        for (const key of tables.receipts.getKeys({ start: [id], end: [id + 1] })) remove(tables.receipts, key);
      }
      for (const [id, row] of memories) put(tables.memories, id, row);
      for (const [id, rows] of receipts) {
        for (const [counter, row] of rows) {
          if (row) put(tables.receipts, [id, counter], row);
          else remove(tables.receipts, [id, counter]);
        }
      }
      if (shortenedUntil !== undefined) put(tables.marks, SHORTENED, shortenedUntil);
    },
    reset() {
      memories.clear();
      receipts.clear();
      gone.clear();
      shortenedUntil = undefined;
    },
  };
}

export interface KeptKeys {
  readonly memories: readonly KeptMemory[];
  readonly shortenedUntil: number | undefined;
}

export function readKeys(tables: Tables): KeptKeys {
  const receipts = new Map<number, AppliedKey[]>();
  for (const { key, value } of tables.receipts.getRange()) {
    const [memory, counter] = key;
    const [print, seq] = value;
    const known = receipts.get(memory);
    if (known) known.push({ counter, print, seq });
    else receipts.set(memory, [{ counter, print, seq }]);
  }
  const memories: KeptMemory[] = [];
  for (const { key: id, value } of tables.memories.getRange()) {
    const [name, touchedAt, claim] = value;
    memories.push({ id, name, touchedAt, receipts: receipts.get(id) ?? [], claim: claim ? claimOf(claim) : undefined });
  }
  return { memories, shortenedUntil: tables.marks.get(SHORTENED) };
}

function claimRow({ settlement, ...claim }: ClaimMemory): ClaimRow {
  const answer = settlement?.ok ? settlement.answer : undefined;
  if (answer?.kind !== "bytes") return { ...claim, settlement };
  return { ...claim, settlement: { ok: true, answer: { kind: "bytes", data: toBase64(answer.data) } } };
}

function claimOf({ settlement, ...claim }: ClaimRow): ClaimMemory {
  const kept = settlement as ClaimMemory["settlement"];
  const answer = kept?.ok ? kept.answer : undefined;
  if (answer?.kind !== "bytes") return { ...claim, settlement: kept };
  const data = new Uint8Array(Buffer.from(String(answer.data), "base64"));
  return { ...claim, settlement: { ok: true, answer: { kind: "bytes", data } satisfies Payload } };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
