/** The broker of one process: logs, keys and claims in memory, within configured bounds. */
import {
  type Cursor,
  createEpoch,
  EitherwayError,
  formatId,
  type Id,
  isStreamLog,
  type Message,
  payloadBytes,
  toEitherwayError,
} from "../protocol/index.ts";
import { type Aged, createAgeOrder } from "./age-order.ts";
import type {
  Batch,
  BeforePage,
  Broker,
  Claim,
  ClaimRequest,
  Draft,
  Page,
  PageLimit,
  Receipt,
  Settlement,
  Volatile,
} from "./broker.ts";
import { fingerprint } from "./fingerprint.ts";
import { createKeyMemory } from "./key-memory.ts";
import {
  type ChannelRetention,
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_RETENTION,
  type Limits,
  type Retention,
  withDefaults,
} from "./limits.ts";
import { ENTRY_OVERHEAD_BYTES, entryBytes, type Log, type LogBounds } from "./log.ts";
import { MemoryLog } from "./memory-log.ts";
import { createMemoryPresence } from "./memory-presence.ts";
import { createMemoryStreams, STREAM_BOUNDS, type StreamRecord } from "./memory-streams.ts";
import type { Clock, Logger, Metrics, Random, Undo } from "./ports.ts";
import { CONTROL_BOUNDS, CONTROL_LOG } from "./revocations.ts";
import { volatileBatch } from "./run-bytes.ts";
import { createSpread, type Watched, type Watcher } from "./spread.ts";
import { storageFull, tooManyChannels } from "./storage-errors.ts";

export interface MemoryBrokerOptions {
  readonly clock: Clock;
  /** Tells apart the epochs of processes that start in one millisecond. */
  readonly random: Random;
  /** Used are `channels`, `logBytes`, `keys`, `inFlight`, `latestKeys`, `streamBytes`, `presenceMembers` and `presenceDiffs`. */
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  /** Default: all channels keep alike. */
  readonly channelRetention?: ChannelRetention | undefined;
  /** For how long a repeated key gets its first receipt, milliseconds. Default: 5 minutes. */
  readonly keyWindowMs?: number;
  readonly metrics?: Metrics;
  /** Hears of watchers that throw. */
  readonly logger?: Logger;
}

/** One channel. It goes when nobody has watched, published or been present for the longer of retention and key window. */
interface ChannelRecord extends Aged, StreamRecord, Watched {
  log: Log;
  pinned: boolean; // somebody is present in what it tells of
}

/** A busy record moves to the young end of the order at most this often; its life is that much longer. */
const TOUCH_MS = 1_000;
const SWEEP_MS = 10_000; // how long what is due may wait while nobody calls

const NO_WATCHERS: readonly Watcher[] = [];

/**
 * Every call takes effect before it returns, in the order of the calls; the promises it returns are settled already.
 *
 * @example
 * const broker = createMemoryBroker({ clock, random: Math.random });
 * const [receipt] = await broker.publish("room/42", [{ event: "message", payload: jsonPayload({ text: "hi" }) }]);
 */
export function createMemoryBroker(options: MemoryBrokerOptions): Broker {
  const { clock, random, metrics, logger, channelRetention } = options;
  const limits = withDefaults(DEFAULT_LIMITS, options.limits, "limits");
  const retention = withDefaults(DEFAULT_RETENTION, options.retention, "retention");
  const { keyWindowMs } = withDefaults(
    { keyWindowMs: DEFAULT_KEY_WINDOW_MS },
    { keyWindowMs: options.keyWindowMs ?? DEFAULT_KEY_WINDOW_MS },
    "options",
  );
  const bounds: LogBounds = { ...retention, latestKeys: limits.latestKeys };
  /** Keys live no longer than this either, so a record never goes before the keys of its log. */
  const lifeMs = Math.max(retention.ageMs, keyWindowMs, channelRetention?.longestAgeMs ?? 0) + TOUCH_MS;

  const records = new Map<string, ChannelRecord>();
  const byAge = createAgeOrder<ChannelRecord>();
  const keys = createKeyMemory({ most: limits.keys, inFlight: limits.inFlight, windowMs: keyWindowMs, metrics });
  const spread = createSpread({ metrics, logger });
  let logBytes = 0;
  /** Of `limits.logBytes`, kept for what must have room. */
  let reservedBytes = 0;
  let lastEpochAt = 0;
  /** What `at` says in this event-loop turn: messages of one turn leave in one run, which says it once. */
  let turnAt: number | undefined;
  let sweepTimer: Undo | undefined;
  let closed = false;

  function publishNow(channel: string, drafts: readonly Draft[]): readonly Receipt[] {
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
    if (messages.length > 0) spread(record, { epoch: record.log.epoch, messages, bytes });
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

  async function announce(channel: string, announced: readonly Volatile[]): Promise<void> {
    begin();
    const record = records.get(channel);
    if (!record || record.watchers.length === 0 || announced.length === 0) return;
    spread(record, volatileBatch(announced, timeOfTurn()));
  }

  async function watch(channel: string, sink: (batch: Batch) => void): Promise<Undo> {
    const record = findOrCreate(channel, clock.now());
    const watcher: Watcher = { sink, active: true };
    record.watchers = record.watchers.concat(watcher); // a spread would leave room for 17
    return () => {
      if (!watcher.active) return;
      watcher.active = false;
      record.watchers = record.watchers.filter((other) => other !== watcher);
      byAge.touch(record, clock.now());
    };
  }

  async function read(channel: string, after: Cursor, limit: PageLimit): Promise<Page> {
    return find(channel)?.log.read(after, limit) ?? { kind: "none" };
  }

  async function readBefore(
    channel: string,
    before: Id | undefined,
    limit: PageLimit,
  ): Promise<BeforePage | undefined> {
    return find(channel)?.log.readBefore(before, limit);
  }

  async function claim(scope: string, key: string, request: ClaimRequest): Promise<Claim> {
    const claimed = keys.claim(scope, key, request, begin());
    arm();
    return claimed;
  }

  async function settle(scope: string, key: string, settlement: Settlement): Promise<void> {
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
    append(record, draft) {
      const now = clock.now();
      byAge.touch(record, now);
      const message = append(record.log, draft, now);
      const { epoch } = record.log;
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

  async function close(): Promise<void> {
    closed = true;
    sweepTimer?.();
    presence.clear();
    for (const { stream, watchers } of records.values()) {
      if (stream?.state === "open") stream.stopTimer();
      for (const watcher of watchers) watcher.active = false;
    }
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
        for (const receipt of publishNow(log, [draft])) if (!receipt.ok) throw receipt.error;
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
    const record: ChannelRecord = {
      name,
      log: createLog(name),
      watchers: NO_WATCHERS,
      pinned: false,
      stream: undefined,
      touchedAt: now,
      older: undefined,
      newer: undefined,
    };
    records.set(name, record);
    byAge.touch(record, now);
    return record;
  }

  function createLog(name: string): Log {
    lastEpochAt = Math.max(clock.wall(), lastEpochAt + 1); // never an epoch twice, whatever the wall clock does
    return new MemoryLog(createEpoch(lastEpochAt, random()), boundsOf(name));
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
    logBytes += log.bytes - bytesBefore;
    streams.tend(record);
  }

  function clear({ log }: ChannelRecord): void {
    logBytes -= log.bytes;
    log.clear();
  }

  /** Lets go keys and records that are due. Constant time but for those. */
  function expire(now: number): void {
    keys.expire(now);
    for (let oldest = byAge.oldest; oldest && oldest.touchedAt + lifeMs <= now; oldest = byAge.oldest) {
      trim(oldest, now);
      if (oldest.touchedAt + lifeMs > now) continue; // its stream has lost its producer just now
      if (oldest.watchers.length > 0 || oldest.pinned || oldest.stream?.state === "open") byAge.touch(oldest, now);
      else {
        byAge.remove(oldest);
        records.delete(oldest.name);
        logBytes -= oldest.log.bytes;
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

  return {
    publish: async (channel, drafts) => publishNow(channel, drafts),
    announce,
    read,
    readBefore,
    watch,
    claim,
    settle,
    streams,
    presence,
    keyWindow: () => keys.window(clock.now()),
    sizes: () => ({ channels: records.size, logBytes: logBytes + reservedBytes, keys: keys.size }),
    close,
  };
}
