/** The seam between what every broker does and what keeps its logs. */
import type { Epoch } from "../protocol/index.ts";
import type { Aged } from "./age-order.ts";
import type { Batch } from "./broker.ts";
import type { Log, LogBounds } from "./log.ts";
import type { KeptStream, StreamRecord } from "./memory-streams.ts";
import type { Watched, Watcher } from "./spread.ts";

/** Where the logs lie. */
export interface LogStore {
  createLog(channel: string, epoch: Epoch, bounds: LogBounds): Log;
  /** Tells the watchers of a log, when what they are told is kept. */
  spread(log: Watched, batch: Batch): void;
  /** Hears what is to be kept of a record beside its log's entries. */
  changed(record: ChannelRecord): void;
  /** A record is gone. Its log has been cleared. */
  forgotten(channel: string): void;
}

/** One channel. It goes when nobody has watched, published or been present for the longer of retention and key window. */
export interface ChannelRecord extends Aged, StreamRecord, Watched {
  log: Log;
  pinned: boolean; // somebody is present in what it tells of
}

/** A record as a store has kept it. */
export interface KeptRecord {
  readonly name: string;
  readonly log: Log;
  readonly touchedAt: number;
  readonly stream: KeptStream | undefined;
}

const NO_WATCHERS: readonly Watcher[] = [];

export function createRecord(name: string, log: Log): ChannelRecord {
  return {
    name,
    log,
    watchers: NO_WATCHERS,
    pinned: false,
    stream: undefined,
    touchedAt: 0,
    older: undefined,
    newer: undefined,
  };
}
