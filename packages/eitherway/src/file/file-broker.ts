/** The broker of one process whose logs, keys and claims outlive it. Presence is of those who are there, so it is kept in memory. */
import { createBrokerCore } from "../core/broker-core.ts";
import {
  type Batch,
  type Broker,
  type BrokerParts,
  type Clock,
  type CreateBroker,
  checkOptionNames,
  createMemoryBroker,
  type Draft,
  type Receipt,
  type Undo,
} from "../core/index.ts";
import { createKeyMemory } from "../core/key-memory.ts";
import { type LogBounds, owned } from "../core/log.ts";
import type { ChannelRecord, KeptRecord } from "../core/log-store.ts";
import { createSpread, type Watched } from "../core/spread.ts";
import { channelOfPresence, createEpoch, EitherwayError, quote, toEitherwayError } from "../protocol/index.ts";
import { damaged } from "./directory-errors.ts";
import { FileLog } from "./file-log.ts";
import { FSYNC_POLICIES, type Fsync } from "./fsync.ts";
import { createGroupCommit } from "./group-commit.ts";
import { createKeyRows, readKeys } from "./key-rows.ts";
import { checkRecordRow, recordRow } from "./record-rows.ts";
import { createStorageReport } from "./storage-failed.ts";
import { openStoreDirectory } from "./store-directory.ts";
import type { LogRow, RecordRow, Tables } from "./tables.ts";

export interface FileOptions {
  /**
   * When what is acknowledged is on the disk (docs/storage.md). `always`: before. `interval`: within about a second; a power cut takes back
   * the newest, an ended process nothing. `never`: when the system likes; a power cut may cost all. Default: `always`.
   */
  readonly fsync?: Fsync | undefined;
}

/**
 * Keeps logs, keys, claims and streams in `directory`, which is made where there is none. One process at a time.
 *
 * The broker throws, when it is made, `unavailable` where another process has the directory open, and `bad-request` where it has other
 * files, a newer format, damage, or no right to write; `details` are a `DirectoryTrouble`, and the files untouched.
 *
 * @example
 * const ew = eitherway({ broker: file("data") });
 */
export function file(directory: string, options: FileOptions = {}): CreateBroker {
  checkOptionNames(options, ["fsync"], "option of file()");
  const { fsync = "always" } = options;
  if (typeof directory !== "string" || directory === "") {
    throw new EitherwayError("bad-request", `The directory is ${quote(String(directory))}; give a path.`);
  }
  if (!FSYNC_POLICIES.includes(fsync)) {
    throw new EitherwayError(
      "bad-request",
      `fsync is ${quote(String(fsync))}; give one of ${FSYNC_POLICIES.join(", ")}.`,
    );
  }
  return (parts) => createFileBroker(parts, directory, fsync);
}

function createFileBroker(parts: BrokerParts, directory: string, fsync: Fsync): Broker {
  const { limits, keyWindowMs, metrics, logger } = parts;
  const opened = openStoreDirectory(directory, fsync);
  const { database } = opened;
  const { tables } = database;
  const rows = readRecords(directory, tables);
  const clock = createDurableClock(parts.clock, rows);

  const changedLogs = new Set<FileLog>();
  const changedRecords = new Map<string, ChannelRecord | undefined>();
  const keyRows = createKeyRows(tables);
  const told: { readonly log: Watched; readonly batch: Batch }[] = [];
  const spread = createSpread({ metrics, logger });
  const report = createStorageReport({ directory, logger, clock: parts.clock });
  let nextLogId = 1;
  let closing: Promise<void> | undefined;

  const keys = createKeyMemory({
    ...{ most: limits.keys, inFlight: limits.inFlight, windowMs: keyWindowMs, metrics },
    journal: keyRows,
  });
  const core = createBrokerCore({
    ...parts,
    keys,
    clock: { ...clock, after },
    store: {
      createLog: (_channel, epoch, bounds) => openLog({ ...EMPTY_LOG, id: nextLogId++, epoch }, bounds),
      spread: (log, batch) => told.push({ log, batch }),
      changed: (record) => changedRecords.set(record.name, record),
      forgotten: (channel) => changedRecords.set(channel, undefined),
    },
  });
  const commits = createGroupCommit({
    clock,
    commit: () =>
      database.commit((writes) => {
        for (const log of changedLogs) log.write(writes);
        for (const [channel, record] of changedRecords) {
          if (record) writes.put(tables.records, channel, recordRow(record));
          else writes.remove(tables.records, channel);
        }
        keyRows.write(writes);
      }),
    committed() {
      for (const log of changedLogs) log.committed();
      forgetChanges();
      for (const { log, batch } of told.splice(0)) spread(log, batch);
    },
    failed(refused) {
      metrics.count("storage.failed");
      if (refused) report(refused);
      forgetChanges();
      told.length = 0;
      restore(readRecords(directory, tables));
    },
  });
  /** Whoever is present is so in this process: what tells of them begins anew with it. */
  const here = createMemoryBroker(parts);

  function openLog(row: LogRow, bounds: LogBounds): FileLog {
    return new FileLog({ row, bounds, tables, changed: (log) => changedLogs.add(log) });
  }

  function forgetChanges(): void {
    changedLogs.clear();
    changedRecords.clear();
    keyRows.reset();
  }

  /** Takes over what is committed. */
  function restore(rows: ReadonlyMap<string, RecordRow>): void {
    const { memories, shortenedUntil } = readKeys(tables);
    keys.restore(memories, shortenedUntil);
    const kept: KeptRecord[] = [];
    for (const [name, { log, touchedAt, stream }] of rows) {
      nextLogId = Math.max(nextLogId, log.id + 1);
      kept.push({ name, log: openLog(log, core.boundsOf(name)), touchedAt, stream: stream ?? undefined });
    }
    core.restore(kept);
  }

  /** What a timer does is a step like any other; where it cannot be committed it is done later. */
  function after(ms: number, run: () => void): Undo {
    let stop = parts.clock.after(ms, fire);
    function fire(): void {
      stop = () => {};
      commits.run(run).catch(() => {
        stop = parts.clock.after(RETRY_MS, fire);
      });
    }
    return () => stop();
  }

  /** Runs a step of a caller. */
  async function step<T>(run: () => T): Promise<T> {
    return closing === undefined ? commits.run(run) : run(); // a core that is closed says so
  }

  async function publish(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    const own = drafts.map((draft) => ({ ...draft, payload: owned(draft.payload) }));
    try {
      return await step(() => core.publish(channel, own));
    } catch (thrown) {
      const refused: Receipt = { ok: false, error: toEitherwayError(thrown) };
      return drafts.map(() => refused);
    }
  }

  /** What a channel's log is as of the last commit, without what is too old. */
  async function view(channel: string): Promise<FileLog | undefined> {
    if (closing !== undefined) core.find(channel); // throws
    if (core.isDue(channel)) await commits.run(() => void core.find(channel)).catch(() => {}); // it is shown longer than it should be
    const row = tables.records.get(channel);
    return row && new FileLog({ row: row.log, bounds: core.boundsOf(channel), tables });
  }

  async function close(): Promise<void> {
    await commits.idle();
    core.close();
    await here.close();
    await opened.close();
  }

  const { streams } = core;
  const broker: Broker = {
    publish,
    announce: (channel, messages) => {
      const own = messages.map((message) => ({ ...message, payload: owned(message.payload) }));
      return step(() => core.announce(channel, own));
    },
    read: async (channel, after, limit) => (await view(channel))?.read(after, limit) ?? { kind: "none" },
    readBefore: async (channel, before, limit) => (await view(channel))?.readBefore(before, limit),
    watch: (channel, sink) => step(() => core.watch(channel, sink)),
    claim: (scope, key, request) => step(() => core.claim(scope, key, request)),
    settle: (scope, key, settlement) => step(() => core.settle(scope, key, settlement)),
    streams: {
      open: (log, leaseMs) => step(() => streams.open(log, leaseMs)),
      append: (hold, piece) => {
        const own = owned(piece);
        return step(() => streams.append(hold, own));
      },
      renew: (hold, leaseMs) => step(() => streams.renew(hold, leaseMs)),
      finish: (hold, failure) => step(() => streams.finish(hold, failure)),
    },
    presence: here.presence,
    keyWindow: () => Math.min(core.keyWindow(), here.keyWindow()),
    sizes() {
      const [onDisk, inMemory] = [core.sizes(), here.sizes()];
      return {
        channels: onDisk.channels + inMemory.channels,
        logBytes: onDisk.logBytes + inMemory.logBytes,
        keys: onDisk.keys + inMemory.keys,
      };
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };

  if (opened.mayHaveLost) renewEpochs();
  restore(rows);
  opened.marked();
  return withPresenceOf(here, broker);

  /** What was shown may be newer than what is there: no id may name two contents, so all that come get another epoch. */
  function renewEpochs(): void {
    let at = clock.now();
    for (const [channel, row] of rows) {
      rows.set(channel, { ...row, log: { ...row.log, epoch: createEpoch(at++, parts.random()) } });
    }
    database.commitNow(({ put }) => {
      for (const [channel, row] of rows) put(tables.records, channel, row);
    });
    logger.warn("epochs renewed", { directory, channels: rows.size });
    metrics.count("storage.epochs-renewed", rows.size);
  }
}

const EMPTY_LOG: Omit<LogRow, "id" | "epoch"> = { head: 0, first: 1, lost: 0, bytes: 0, spared: 0, sparedBytes: 0 };

/** After a timer's step could not be committed. */
const RETRY_MS = 1_000;

/** @throws EitherwayError that the store is damaged */
function readRecords(directory: string, tables: Tables): Map<string, RecordRow> {
  const rows = new Map<string, RecordRow>();
  try {
    for (const { key, value } of tables.records.getRange()) rows.set(key, checkRecordRow(value));
  } catch (cause) {
    throw damaged(directory, (cause as Error).message, cause);
  }
  return rows;
}

/** A clock whose `now` goes on where it was when the store was written last, so that ages and leases outlive the process. */
function createDurableClock(clock: Clock, rows: ReadonlyMap<string, RecordRow>): Clock {
  let newest = clock.wall();
  for (const { touchedAt } of rows.values()) newest = Math.max(newest, touchedAt);
  const ahead = newest - clock.now();
  return { ...clock, now: () => clock.now() + ahead };
}

/** Logs of presence are where presence is. */
function withPresenceOf(here: Broker, broker: Broker): Broker {
  const of = (channel: string): Broker => (channelOfPresence(channel) === undefined ? broker : here);
  return {
    ...broker,
    publish: (channel, drafts) => of(channel).publish(channel, drafts),
    announce: (channel, messages) => of(channel).announce(channel, messages),
    read: (channel, after, limit) => of(channel).read(channel, after, limit),
    readBefore: (channel, before, limit) => of(channel).readBefore(channel, before, limit),
    watch: (channel, sink) => of(channel).watch(channel, sink),
  };
}
