/** What the servers of a walk really stored, as the receipts of their brokers told it, and what may not be stored again (P4, P5). */
import type { Clock, Draft, Receipt } from "../../../src/core/index.ts";
import { type Epoch, formatId, type Id, parseId } from "../../../src/protocol/index.ts";
import { fail } from "../../model/check.ts";
import { contentOf } from "../../model/content.ts";

/** A place in a log. */
export interface Place {
  readonly epoch: Epoch;
  readonly seq: number;
}

/** What a publish of the client is to be checked by. */
export interface Expected {
  /** Counts the publishes of the client. */
  readonly n: number;
  /** It has a key that it shares with another one. */
  readonly twin: boolean;
  /** It may come late, and then out of order: its key is the application's own, and nobody waits for it any more. */
  readonly mayComeLate: boolean;
}

export interface Books {
  /** A server with empty logs: what it stores is told from what others stored. */
  begin(): void;
  sawEpoch(channel: string, epoch: Epoch): void;
  published(channel: string, draft: Draft, receipt: Receipt): void;
  /** The newest id of the log that the present server has of a channel. */
  head(channel: string): Place | undefined;
  /** Whether it is the place of a log that the channel has, or had. */
  isPlace(channel: string, place: Place): boolean;
  entry(id: Id): { readonly channel: string; readonly content: string } | undefined;
  /** A newer entry has taken the place of this one: readers who come late are not shown it. */
  isHidden(place: Place): boolean;
  /** The log does not have it any more. */
  isGone(place: Place): boolean;
  /** How often this is stored, in all servers. */
  copies(content: string): number;
  readonly repeats: number;
}

export interface BooksOptions {
  readonly clock: Pick<Clock, "now">;
  /** Entries that a log keeps. */
  readonly keeps: number;
  readonly keyWindowMs: number;
  /** What is known of a content that the client published. */
  expected(content: string): Expected | undefined;
}

interface Entry {
  readonly content: string;
  readonly collapse: string | undefined;
  superseded: boolean;
}

interface Log {
  readonly channel: string;
  readonly server: number;
  readonly entries: Entry[];
  readonly newest: Map<string, Entry>;
  lastOfClient: number;
}

export function createBooks({ clock, keeps, keyWindowMs, expected }: BooksOptions): Books {
  const logs = new Map<Epoch, Log>();
  const heads = new Map<string, Epoch>();
  /** When and by which server a content was stored. */
  const stored = new Map<string, { readonly server: number; readonly at: number }[]>();
  let server = 0;
  let repeats = 0;

  const at = ({ epoch, seq }: Place): Entry | undefined => logs.get(epoch)?.entries[seq - 1];

  function sawEpoch(channel: string, epoch: Epoch): Log {
    heads.set(channel, epoch);
    let log = logs.get(epoch);
    if (!log) {
      log = { channel, server, entries: [], newest: new Map(), lastOfClient: 0 };
      logs.set(epoch, log);
    }
    if (log.channel !== channel) fail(`P4: ${epoch} names logs of ${log.channel} and of ${channel}`);
    return log;
  }

  function published(channel: string, draft: Draft, receipt: Receipt): void {
    if (!receipt.ok) return;
    if (receipt.repeated) {
      repeats++;
      return;
    }
    const { epoch, seq } = parseId(receipt.id) ?? fail(`${receipt.id} is no id`);
    const log = sawEpoch(channel, epoch);
    if (seq !== log.entries.length + 1) fail(`P4: ${receipt.id} comes after ${log.entries.length} entries`);
    const entry = { content: contentOf(draft), collapse: draft.collapse, superseded: false };
    log.entries.push(entry);
    if (draft.collapse !== undefined) {
      const before = log.newest.get(draft.collapse);
      if (before) before.superseded = true;
      log.newest.set(draft.collapse, entry);
    }
    ofClient(log, entry.content);
  }

  /** Once for each server, and in the order of the calls (P5). A receipt may come when the next server has begun: its log says whose it is. */
  function ofClient(log: Log, content: string): void {
    const before = stored.get(content) ?? [];
    stored.set(content, [...before, { server: log.server, at: clock.now() }]);
    const call = expected(content);
    if (!call) return;
    for (const { server: by, at: time } of before) {
      const forgotten = call.twin && clock.now() - time >= keyWindowMs;
      if (by === log.server && !forgotten) fail(`P5: publish ${call.n} is stored twice on ${log.channel}`);
    }
    if (call.twin || call.mayComeLate) return;
    if (call.n < log.lastOfClient) fail(`P5: publish ${call.n} is stored after ${log.lastOfClient} on ${log.channel}`);
    log.lastOfClient = call.n;
  }

  return {
    begin() {
      server++;
      heads.clear();
    },
    sawEpoch: (channel, epoch) => void sawEpoch(channel, epoch),
    published,
    head(channel) {
      const epoch = heads.get(channel);
      return epoch === undefined ? undefined : { epoch, seq: logs.get(epoch)?.entries.length ?? 0 };
    },
    isPlace(channel, { epoch, seq }) {
      const log = logs.get(epoch);
      return log?.channel === channel && seq <= log.entries.length;
    },
    entry(id) {
      const place = parseId(id);
      const entry = place && at(place);
      return entry && { channel: logs.get(place.epoch)?.channel ?? "", content: entry.content };
    },
    isHidden: (place) => at(place)?.superseded ?? false,
    isGone({ epoch, seq }) {
      const log = logs.get(epoch);
      const entry = log?.entries[seq - 1];
      if (!log || !entry) return false;
      const spared = entry.collapse !== undefined && !entry.superseded;
      return seq <= log.entries.length - keeps && !spared;
    },
    copies: (content) => stored.get(content)?.length ?? 0,
    get repeats() {
      return repeats;
    },
  };
}

export const idOf = ({ epoch, seq }: Place): Id => formatId(epoch, seq);
