/**
 * Remembers commands, so that a repeated key gets its first receipt instead of a second effect (P5), in bounded space (P6).
 *
 * Counted keys share one list of receipts per client and channel, since their order holds: whatever is at or below the
 * newest counter and not in the list was applied, or passed over, too long ago to say which. With a collapse key they share one for each
 * of it: there a newer message stands for the older ones. Foreign keys are remembered
 * singly. What is oldest goes first, when the key window is over or when `most` is reached. The second case shortens the
 * window, and `window()` says to how much: everything touched within it is still here. A client that resends nothing
 * older than the window it was told therefore never has a command applied twice.
 */
import { EitherwayError, payloadBytes, quote, utf8Length } from "../protocol/index.ts";
import { type Aged, createAgeOrder } from "./age-order.ts";
import type { Claim, ClaimRequest, CommandKey, Settlement } from "./broker.ts";
import type { Metrics } from "./ports.ts";
import { type AppliedKey, ReceiptRing } from "./receipt-ring.ts";

export interface KeyMemoryOptions {
  /** Most receipts and claims. */
  readonly most: number;
  /** Receipts that are kept of one client on one channel. */
  readonly inFlight: number;
  readonly windowMs: number;
  readonly metrics?: Metrics | undefined;
  /** Default: a memory that ends with the process. */
  readonly journal?: KeyJournal | undefined;
}

/** Hears of each change, to keep it. */
export interface KeyJournal {
  /** `dropped`: the counter of a receipt that made room for this one. */
  kept(memory: MemoryName, receipt: AppliedKey, dropped: number | undefined): void;
  claimed(memory: MemoryName, claim: ClaimMemory): void;
  forgotten(memory: MemoryName): void;
  /** Memories that were touched up to then had to go before their time. */
  shortened(until: number): void;
}

/** Whose receipts they are, or which claim. */
export interface MemoryName {
  /** Of no other one. */
  readonly id: number;
  readonly name: string;
  readonly touchedAt: number;
}

/** A memory as a journal has kept it. */
export interface KeptMemory extends MemoryName {
  /** In the order in which they came. */
  readonly receipts: readonly AppliedKey[];
  readonly claim: ClaimMemory | undefined;
}

/** What is known of a key. */
export type KnownKey =
  | { readonly state: "new" }
  /** The seq of its first receipt. */
  | { readonly state: "applied"; readonly seq: number }
  | { readonly state: "refused"; readonly error: EitherwayError };

/** Where a key is remembered: looked up twice for each command, so its name is made once. */
export interface KeyPlace {
  readonly channel: string;
  readonly key: CommandKey;
  /** What replaces what: a counter below the newest one was replaced. */
  readonly collapse: string | undefined;
  readonly name: string;
}

/** Every `now` is `clock.now()`. */
export interface KeyMemory {
  /** Where a key is, or would be, remembered. */
  place(channel: string, key: CommandKey, collapse?: string): KeyPlace;
  /** Looks a key up. `print` is the fingerprint of the command's body. */
  find(place: KeyPlace, print: number): KnownKey;
  /** Remembers the receipt of a key that was new. */
  keep(place: KeyPlace, print: number, seq: number, now: number): void;
  claim(scope: string, key: string, request: ClaimRequest, now: number): Claim;
  settle(scope: string, key: string, settlement: Settlement, now: number): void;
  /** Milliseconds for which a key is remembered now: the whole window, or back to the youngest that had to go. */
  window(now: number): number;
  /** Lets go what is older than the window. */
  expire(now: number): void;
  /** Takes over what a journal has kept; whatever else there was, is gone. */
  restore(kept: readonly KeptMemory[], shortenedUntil: number | undefined): void;
  clear(): void;
  /** Receipts and claims; a long answer of a claim counts for several. */
  readonly size: number;
}

/** One entry of the memory: a client's counted keys, one foreign key, or one claim. */
interface Memory extends Aged {
  readonly id: number;
  readonly name: string;
  /** What it counts for in `size`. */
  weight: number;
  /** Of commands; a claim has none. */
  applied: ReceiptRing | undefined;
  claim: ClaimMemory | undefined;
}

export interface ClaimMemory {
  /** `undefined` where only the settlement of a forgotten claim came. */
  readonly print: number | undefined;
  /** `clock.now()` until which it is running. */
  readonly leaseEnd: number;
  readonly settlement: Settlement | undefined;
}

/** Bytes of an answer that count like one more key: about what a key costs, so that `most` bounds the bytes as well. */
const BYTES_PER_KEY = 256;

const NEW: KnownKey = { state: "new" };

export function createKeyMemory(options: KeyMemoryOptions): KeyMemory {
  const { most, inFlight, windowMs, metrics, journal } = options;
  const memories = new Map<string, Memory>();
  const order = createAgeOrder<Memory>();
  let size = 0;
  let nextId = 1;
  /** The last touch of the youngest memory that went before its time. */
  let forgottenUntil = Number.NEGATIVE_INFINITY;

  function find({ channel, key, collapse, name }: KeyPlace, print: number): KnownKey {
    const applied = memories.get(name)?.applied;
    const newest = applied?.newestCounter;
    if (!applied || newest === undefined) return NEW;
    const counter = counterOf(key);
    if (counter > newest) return NEW;
    const known = applied.find(counter);
    if (!known && collapse !== undefined) return { state: "applied", seq: applied.find(newest)?.seq ?? 0 };
    if (!known) return { state: "refused", error: outcomeUnknown(channel, counter, newest) };
    if (known.print !== print) return { state: "refused", error: keyReused(channel, key) };
    return { state: "applied", seq: known.seq };
  }

  function keep({ key, name }: KeyPlace, print: number, seq: number, now: number): void {
    const memory = recall(name, now);
    memory.applied ??= new ReceiptRing(inFlight);
    const counter = counterOf(key);
    const dropped = memory.applied.add(counter, print, seq);
    journal?.kept(memory, { counter, print, seq }, dropped);
    weigh(memory, memory.applied.size);
  }

  function claim(scope: string, key: string, { print, leaseMs, repeatable }: ClaimRequest, now: number): Claim {
    const name = claimName(scope, key);
    const known = memories.get(name)?.claim;
    if (known) {
      if (known.print !== undefined && known.print !== print) return { state: "reused" };
      if (known.settlement) return { state: "settled", settlement: known.settlement };
      if (known.leaseEnd > now) return { state: "running" };
      if (!repeatable) return { state: "lapsed" };
    }
    const memory = recall(name, now);
    setClaim(memory, { print, leaseEnd: now + leaseMs, settlement: undefined });
    return { state: "new" };
  }

  function settle(scope: string, key: string, settlement: Settlement, now: number): void {
    const name = claimName(scope, key);
    const known = memories.get(name)?.claim;
    if (known?.settlement) return; // whose lease ended came late: the first answer is the answer
    const memory = recall(name, now);
    setClaim(memory, { print: known?.print, leaseEnd: now, settlement });
  }

  function setClaim(memory: Memory, claim: ClaimMemory): void {
    memory.claim = claim;
    journal?.claimed(memory, claim);
    weigh(memory, weightOf(claim));
  }

  /** The memory of this name, now the newest. */
  function recall(name: string, now: number): Memory {
    let memory = memories.get(name);
    if (!memory) {
      memory = createMemory(nextId++, name);
      memories.set(name, memory);
    }
    order.touch(memory, now);
    return memory;
  }

  /** Gives a memory its weight, and makes room for it; the newest one stays in any case. */
  function weigh(memory: Memory, weight: number): void {
    size += weight - memory.weight;
    memory.weight = weight;
    for (let oldest = order.oldest; size > most && oldest && oldest !== memory; oldest = order.oldest) {
      // Up to now somebody may have been told that a claim under lease is running: as good as a touch.
      forgottenUntil = Math.max(oldest.touchedAt, Math.min(oldest.claim?.leaseEnd ?? 0, memory.touchedAt));
      metrics?.count("keys.evicted", oldest.weight);
      forget(oldest);
      journal?.shortened(forgottenUntil);
    }
  }

  function forget(memory: Memory): void {
    order.remove(memory);
    memories.delete(memory.name);
    size -= memory.weight;
    journal?.forgotten(memory);
  }

  function expire(now: number): void {
    for (let oldest = order.oldest; oldest && oldest.touchedAt + windowMs <= now; oldest = order.oldest) {
      // The window of a claim begins with the end of its lease: until then its client may have been told that it runs.
      if (oldest.claim && oldest.claim.leaseEnd + windowMs > now) order.touch(oldest, now);
      else forget(oldest);
    }
  }

  function restore(kept: readonly KeptMemory[], shortenedUntil = Number.NEGATIVE_INFINITY): void {
    clear();
    forgottenUntil = shortenedUntil;
    for (const one of [...kept].sort((older, newer) => older.touchedAt - newer.touchedAt)) {
      const memory = createMemory(one.id, one.name);
      if (one.receipts.length > 0) memory.applied = new ReceiptRing(inFlight);
      for (const { counter, print, seq } of one.receipts) memory.applied?.add(counter, print, seq);
      memory.claim = one.claim;
      memory.weight = one.claim ? weightOf(one.claim) : (memory.applied?.size ?? 0);
      memories.set(one.name, memory);
      order.touch(memory, one.touchedAt);
      size += memory.weight;
      nextId = Math.max(nextId, one.id + 1);
    }
  }

  function clear(): void {
    for (let oldest = order.oldest; oldest; oldest = order.oldest) order.remove(oldest);
    memories.clear();
    size = 0;
  }

  return {
    place: (channel, key, collapse) => ({ channel, key, collapse, name: keyName(channel, key, collapse) }),
    find,
    keep,
    claim,
    settle,
    window: (now) => Math.floor(Math.min(windowMs, now - forgottenUntil)),
    expire,
    restore,
    clear,
    get size() {
      return size;
    },
  };
}

function createMemory(id: number, name: string): Memory {
  return {
    id,
    name,
    weight: 0,
    applied: undefined,
    claim: undefined,
    touchedAt: 0,
    older: undefined,
    newer: undefined,
  };
}

function weightOf({ settlement }: ClaimMemory): number {
  return settlement ? 1 + Math.ceil(settlementBytes(settlement) / BYTES_PER_KEY) : 1;
}

function counterOf(key: CommandKey): number {
  return key.kind === "counted" ? key.counter : 0;
}

// The lengths keep the parts apart, whatever characters they have: no user can name a key of another.
/** Where a key is remembered: of a client's counted keys one name, with a collapse key one for each of it. */
export function keyName(channel: string, key: CommandKey, collapse: string | undefined): string {
  const place = `${channel.length} ${key.user.length} ${channel} ${key.user}`;
  if (key.kind === "foreign") return `f${place} ${key.key}`;
  return collapse === undefined
    ? `c${place} ${key.client}`
    : `l${place} ${key.client.length} ${key.client} ${collapse}`;
}

/** A name for whose command it is: of a client, or of a foreign key by itself. */
export function ownerOf(key: CommandKey): string {
  return keyName("", key, undefined);
}

function settlementBytes(settlement: Settlement): number {
  if (settlement.ok) return settlement.answer ? payloadBytes(settlement.answer) : 0;
  return utf8Length(settlement.message) + utf8Length(settlement.details ?? "");
}

function claimName(scope: string, key: string): string {
  return `r${scope.length} ${scope} ${key}`;
}

export function keyReused(channel: string, key: CommandKey): EitherwayError {
  const name = key.kind === "counted" ? `${key.client}.${key.counter}` : key.key;
  return new EitherwayError(
    "key-reused",
    `Key ${quote(name)} on ${quote(channel)} belongs to a command with another body; give each command its own key.`,
  );
}

export function outcomeUnknown(channel: string, counter: number, newest: number): EitherwayError {
  return new EitherwayError(
    "outcome-unknown",
    `Command ${counter} on ${quote(channel)} comes after command ${newest} of this client and its receipt is not kept: ` +
      "whether it was applied cannot be said. Read the channel before sending it anew.",
  );
}
