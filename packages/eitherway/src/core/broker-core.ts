/**
 * What every broker of one process does, whatever keeps its entries: logs, keys, claims, streams and presence by channel, within
 * configured bounds. Each call takes effect before it returns, in the order of the calls.
 */
import {
  createEpoch,
  EitherwayError,
  formatId,
  isStreamLog,
  type Message,
  payloadBytes,
  toEitherwayError,
} from "../protocol/index.ts";
import { createAgeOrder } from "./age-order.ts";
import type { Batch, Claim, ClaimRequest, Draft, Receipt, Settlement, Volatile } from "./broker.ts";
import type { BrokerCore, BrokerCoreOptions } from "./broker-core-api.ts";
import { fingerprint } from "./fingerprint.ts";
import { ENTRY_OVERHEAD_BYTES, entryBytes, type Log, type LogBounds } from "./log.ts";
import { type ChannelRecord, createRecord, type KeptRecord } from "./log-store.ts";
import { createMemoryPresence } from "./memory-presence.ts";
import { createMemoryStreams, ENDING_BYTES, type KeptStream, STREAM_BOUNDS } from "./memory-streams.ts";
import type { Undo } from "./ports.ts";
import { CONTROL_BOUNDS, CONTROL_LOG } from "./revocations.ts";
import { volatileBatch } from "./run-bytes.ts";
import { addWatcher, dismissWatchers } from "./spread.ts";
import { storageFull, tooManyChannels } from "./storage-errors.ts";

/** A busy record moves to the young end of the order at most this often; its life is that much longer. */
const TOUCH_MS = 1_000;
const SWEEP_MS = 10_000; // how long what is due may wait while nobody calls
/** Who watched when a process ended has this long to come back before an idle record goes. */
const RETURN_MS = 10 * 60_000;

export function createBrokerCore(options: BrokerCoreOptions): BrokerCore {
  const { clock, random, limits, retention, channelRetention, keyWindowMs, metrics, keys, store } = options;
  const { spread } = store;
  const bounds: LogBounds = { ...retention, latestKeys: limits.latestKeys };
  /** Keys live no longer than this either, so a record never goes before the keys of its log. */
  const lifeMs = Math.max(retention.ageMs, keyWindowMs, channelRetention?.longestAgeMs ?? 0) + TOUCH_MS;

  const records = new Map<string, ChannelRecord>();
  const byAge = createAgeOrder<ChannelRecord>();
  let logBytes = 0;
  /** Of `limits.logBytes`, kept for what must have room. */
  let reservedBytes = 0;
  let lastEpochAt = 0;
  /** What `at` says in this event-loop turn: messages of one turn leave in one run, which says it once. */
  let turnAt: number | undefined;
  let sweepTimer: Undo | undefined;
  let closed = false;

  function publish(channel: string, drafts: readonly Draft[]): readonly Receipt[] {
    if (drafts.length === 0) return [];
    const now = clock.now();
    let record: ChannelRecord;
    try {
      record = findOrCreate(channel, now);
    } catch (cause) {
      const refused: Receipt = { ok: false, error: toEitherwayError(cause) };
      return drafts.map(() => refused);
    }
    const receipts: Receipt[] = [];
    const messages: Message[] = [];
    let bytes = 0;
    for (const draft of drafts) {
      const size = entryBytes(draft);
      const receipt = publishOne(record, draft, size, now, messages);
      if (receipt.ok && !receipt.repeated) bytes += size - ENTRY_OVERHEAD_BYTES;
      receipts.push(receipt);
      if (receipt.ok || !receipt.error.retry) continue;
      while (receipts.length < drafts.length) receipts.push(receipt);
      break;
    }
    if (messages.length > 0) {
      store.changed(record);
      spread(record, { epoch: record.log.epoch, messages, bytes });
    }
    return receipts;
  }

  /** Appends one draft, of `bytes` as an entry, unless its key is known, and adds it to `messages`. */
  function publishOne(record: ChannelRecord, draft: Draft, bytes: number, now: number, messages: Message[]): Receipt {
    const { name, log } = record;
    const { key } = draft;
    const place = key && keys.place(name, key, draft.collapse);
    const print = key ? fingerprint(draft.event, draft.payload) : 0;
    if (place) {
      const known = keys.find(place, print);
      if (known.state === "refused") return { ok: false, error: known.error };
      if (known.state === "applied") return { ok: true, id: formatId(log.epoch, known.seq), repeated: true };
    }
    const missing = logBytes + reservedBytes + bytes - limits.logBytes;
    if (missing > 0 && missing > log.releasedBy(draft, now)) {
      return { ok: false, error: storageFull(name, bytes, limits.logBytes) };
    }
    const message = append(log, draft, now);
    if (place) keys.keep(place, print, message.seq, now);
    for (const replaced of draft.replaced ?? []) keepReplaced(name, replaced, message.seq, now);
    messages.push(message);
    return { ok: true, id: formatId(log.epoch, message.seq), repeated: false };
  }

  function keepReplaced(channel: string, { key, event, payload, collapse }: Draft, seq: number, now: number): void {
    if (!key) return;
    const place = keys.place(channel, key, collapse);
    const print = fingerprint(event, payload);
    if (keys.find(place, print).state === "new") keys.keep(place, print, seq, now);
  }

  function append(log: Log, draft: Draft, now: number): Message {
    const bytesBefore = log.bytes;
    const message = log.append(draft, timeOfTurn(), now);
    logBytes += log.bytes - bytesBefore;
    return message;
  }

  function timeOfTurn(): number {
    if (turnAt === undefined) {
      turnAt = clock.wall();
      clock.defer(endTurn);
    }
    return turnAt;
  }

  function endTurn(): void {
    turnAt = undefined;
  }

  function announce(channel: string, announced: readonly Volatile[]): void {
    begin();
    const record = records.get(channel);
    if (!record || record.watchers.length === 0 || announced.length === 0) return;
    spread(record, volatileBatch(announced, timeOfTurn()));
  }

  function watch(channel: string, sink: (batch: Batch) => void): Undo {
    const record = findOrCreate(channel, clock.now());
    return addWatcher(record, sink, () => byAge.touch(record, clock.now()));
  }

  function claim(scope: string, key: string, request: ClaimRequest): Claim {
    const claimed = keys.claim(scope, key, request, begin());
    arm();
    return claimed;
  }

  function settle(scope: string, key: string, settlement: Settlement): void {
    keys.settle(scope, key, settlement, begin());
    arm();
  }

  const streams = createMemoryStreams<ChannelRecord>({
    clock,
    metrics,
    mostBytes: limits.streamBytes,
    keptMs: retention.ageMs,
    find,
    findOrCreate: (log) => findOrCreate(log, clock.now()),
    beginAnew(record) {
      clear(record);
      record.log = createLog(record.name);
    },
    changed: store.changed,
    append(record, draft) {
      const now = clock.now();
      byAge.touch(record, now);
      const message = append(record.log, draft, now);
      const { epoch } = record.log;
      store.changed(record);
      spread(record, { epoch, messages: [message], bytes: payloadBytes(draft.payload) });
      return formatId(epoch, message.seq);
    },
    checkRoom({ name }, bytes) {
      if (logBytes + reservedBytes + bytes <= limits.logBytes) return;
      throw storageFull(name, bytes, limits.logBytes);
    },
    reserve(bytes) {
      reservedBytes += bytes;
    },
    clear,
  });

  function close(): void {
    closed = true;
    sweepTimer?.();
    presence.clear();
    for (const { stream } of records.values()) if (stream?.state === "open") stream.stopTimer();
    dismissWatchers(records.values());
    records.clear();
    keys.clear();
    logBytes = 0;
    reservedBytes = 0;
  }

  const presence = createMemoryPresence({
    ...{ clock, limits, metrics, keys },
    logs: {
      begin,
      pin(log) {
        const record = findOrCreate(log, clock.now());
        record.pinned = true;
        return () => {
          record.pinned = false;
          byAge.touch(record, clock.now());
        };
      },
      append(log, draft) {
        for (const receipt of publish(log, [draft])) if (!receipt.ok) throw receipt.error;
      },
      head: (log) => find(log)?.log.head,
      reserve(log, bytes) {
        const room = Math.max(0, limits.logBytes - logBytes - reservedBytes);
        if (bytes > room) throw storageFull(log, bytes, limits.logBytes);
        reservedBytes += bytes;
      },
    },
  });

  // --- the life of records ---

  /** Starts a call: lets go what is due. The time of the call. */
  function begin(now = clock.now()): number {
    if (closed) throw new EitherwayError("unavailable", "The broker is closed; come back when the server runs again.");
    expire(now);
    return now;
  }

  /** The record of a channel, without the entries that are too old. */
  function find(channel: string): ChannelRecord | undefined {
    const now = begin();
    const record = records.get(channel);
    if (record) trim(record, now);
    return record;
  }

  /** @throws EitherwayError `too-many-channels` */
  function findOrCreate(channel: string, now: number): ChannelRecord {
    begin(now);
    const record = records.get(channel) ?? create(channel, now);
    streams.tend(record);
    if (now - record.touchedAt >= TOUCH_MS) byAge.touch(record, now);
    arm();
    return record;
  }

  function create(name: string, now: number): ChannelRecord {
    if (records.size >= limits.channels) throw tooManyChannels(name, limits.channels);
    const record = createRecord(name, createLog(name));
    records.set(name, record);
    byAge.touch(record, now);
    store.changed(record);
    return record;
  }

  function createLog(name: string): Log {
    lastEpochAt = Math.max(clock.wall(), lastEpochAt + 1); // never an epoch twice, whatever the wall clock does
    return store.createLog(name, createEpoch(lastEpochAt, random()), boundsOf(name));
  }

  function boundsOf(name: string): LogBounds {
    if (isStreamLog(name)) return STREAM_BOUNDS;
    if (name === CONTROL_LOG) return CONTROL_BOUNDS;
    const own = channelRetention?.of(name);
    return own ? { ...bounds, ...own } : bounds;
  }

  function trim(record: ChannelRecord, now: number): void {
    const { log } = record;
    const bytesBefore = log.bytes;
    log.trim(now);
    if (log.bytes !== bytesBefore) {
      logBytes += log.bytes - bytesBefore;
      store.changed(record);
    }
    streams.tend(record);
  }

  function isDue(channel: string): boolean {
    const record = records.get(channel);
    const now = clock.now();
    return record !== undefined && (record.log.isDue(now) || streams.isDue(record, now) || isOld(record, now));
  }

  function isOld({ touchedAt }: ChannelRecord, now: number): boolean {
    return touchedAt + lifeMs <= now;
  }

  function clear(record: ChannelRecord): void {
    logBytes -= record.log.bytes;
    record.log.clear();
    store.changed(record);
  }

  /** Lets go keys and records that are due. Constant time but for those. */
  function expire(now: number): void {
    keys.expire(now);
    for (let oldest = byAge.oldest; oldest && isOld(oldest, now); oldest = byAge.oldest) {
      trim(oldest, now);
      if (!isOld(oldest, now)) continue; // its stream has lost its producer just now
      if (oldest.watchers.length > 0 || oldest.pinned || oldest.stream?.state === "open") byAge.touch(oldest, now);
      else {
        byAge.remove(oldest);
        records.delete(oldest.name);
        clear(oldest);
        store.forgotten(oldest.name);
      }
    }
  }

  /** Sees to it that what is kept goes in time though nobody calls. */
  function arm(): void {
    if (records.size > 0 || keys.size > 0) sweepTimer ??= clock.after(SWEEP_MS, sweep);
  }

  function sweep(): void {
    sweepTimer = undefined;
    begin();
    arm();
  }

  // --- what a store has kept ---

  function restore(kept: readonly KeptRecord[]): void {
    const now = clock.now();
    const before = new Map(records);
    forgetRecords();
    for (const one of [...kept].sort((older, newer) => older.touchedAt - newer.touchedAt)) {
      const record = before.get(one.name) ?? createRecord(one.name, one.log);
      record.log = one.log;
      records.set(one.name, record);
      byAge.touch(record, Math.min(now, Math.max(one.touchedAt, now - lifeMs + RETURN_MS)));
      logBytes += one.log.bytes;
      if (one.stream) restoreStream(record, one.stream);
    }
    arm();
  }

  function restoreStream(record: ChannelRecord, kept: KeptStream): void {
    if (kept.state === "open") reservedBytes += ENDING_BYTES;
    streams.restore(record, kept);
  }

  function forgetRecords(): void {
    for (const record of records.values()) {
      if (record.stream?.state === "open") {
        record.stream.stopTimer();
        reservedBytes -= ENDING_BYTES;
      }
      record.stream = undefined;
      byAge.remove(record);
    }
    records.clear();
    logBytes = 0;
  }

  return {
    publish,
    announce,
    find,
    isDue,
    watch,
    claim,
    settle,
    streams,
    presence,
    boundsOf,
    restore,
    keyWindow: () => keys.window(clock.now()),
    sizes: () => ({ channels: records.size, logBytes: logBytes + reservedBytes, keys: keys.size }),
    close,
  };
}
