/**
 * What really happened, as the receipts of the broker told it: which id names which content, what each log must still have,
 * which keys were applied. Written without a look at the broker's own code, and slow on purpose: lists, walked from end to end.
 */
import type { Clock, CommandKey, Draft, Receipt, Retention } from "../../src/core/index.ts";
import { type Epoch, formatId, type Id, parseId, payloadBytes } from "../../src/protocol/index.ts";
import { fail } from "./check.ts";
import { contentOf } from "./content.ts";
import type { Tally } from "./tally.ts";

export interface TruthOptions {
  readonly clock: Clock;
  readonly tally: Tally;
  readonly retention: Retention;
  readonly keyWindowMs: number;
  /** Collapse keys of a log whose newest entry is spared. */
  readonly latestKeys: number;
  /** What an entry costs beside its payload. */
  readonly overheadBytes: number;
}

export interface Entry {
  readonly seq: number;
  readonly content: string;
  /** Wall clock of the append. */
  readonly at: number;
  readonly bytes: number;
  readonly time: number;
  readonly collapse: string | undefined;
  /** A newer entry has its collapse key. */
  superseded: boolean;
  /** `window`: within the retention; `spared`: beyond it, but the newest of its collapse key. */
  where: "window" | "spared" | "gone";
}

interface ChannelTruth {
  epoch: Epoch | undefined;
  head: number;
  /** In order of seq, without those that are gone. */
  entries: Entry[];
  /** A reader that stands before this seq cannot be continued. */
  lost: number;
  /** When the log was surely in use last. */
  usedAt: number;
}

interface AppliedKey {
  readonly id: Id;
  readonly content: string;
  readonly time: number;
}

export interface Truth {
  /** The log of a channel has this epoch now. */
  sawEpoch(channel: string, epoch: Epoch): void;
  /** One answered publish of the broker. `keyWindow`: what the broker said just before. */
  published(
    channel: string,
    draft: Draft,
    receipt: Receipt,
    when: { now: number; wall: number; keyWindow: number },
  ): void;
  /** Somebody watches the channel. */
  used(channel: string): void;
  head(channel: string): { readonly epoch: Epoch; readonly seq: number } | undefined;
  /** Whether an epoch was ever the channel's. */
  hadEpoch(channel: string, epoch: Epoch): boolean;
  /** An epoch that the channel had before, if it was created again. */
  formerEpoch(channel: string): Epoch | undefined;
  entry(epoch: Epoch, seq: number): Entry | undefined;
  /** The highest seq of the log that is gone for good. */
  lost(channel: string): number;
  /** Every entry that must still be readable. */
  kept(channel: string): readonly Entry[];
  /** Whether `id` is where this content was appended. */
  names(id: Id, content: string): boolean;
}

export function createTruth(options: TruthOptions): Truth {
  const { clock, tally, retention, keyWindowMs } = options;
  const channels = new Map<string, ChannelTruth>();
  const byId = new Map<Id, Entry>();
  const idsOf = new Map<string, Id[]>();
  /** Epochs and whose they are. */
  const epochs = new Map<Epoch, string>();
  const applied = new Map<string, AppliedKey>();
  const lastCounter = new Map<string, { counter: number; time: number }>();

  function channelOf(name: string): ChannelTruth {
    let channel = channels.get(name);
    if (!channel) {
      channel = { epoch: undefined, head: 0, entries: [], lost: 0, usedAt: Number.NEGATIVE_INFINITY };
      channels.set(name, channel);
    }
    trim(channel);
    return channel;
  }

  function sawEpoch(name: string, epoch: Epoch): void {
    const channel = channelOf(name);
    if (channel.epoch === epoch) return;
    if (epochs.has(epoch)) fail(`P4: epoch ${epoch} of ${name} was given before, to ${epochs.get(epoch)}`);
    epochs.set(epoch, name);
    if (channel.epoch !== undefined) {
      const idle = clock.now() - channel.usedAt;
      const life = Math.max(retention.ageMs, keyWindowMs);
      if (idle < life) fail(`P4: the log of ${name} went after ${idle} ms of ${life}`);
      tally.count("outcome", "log created again");
    }
    channel.epoch = epoch;
    channel.head = 0;
    channel.entries = [];
    channel.lost = 0;
  }

  function published(
    name: string,
    draft: Draft,
    receipt: Receipt,
    { now, wall, keyWindow }: { now: number; wall: number; keyWindow: number },
  ): void {
    const content = contentOf(draft);
    if (draft.key) checkKey(name, draft.key, content, receipt, now, keyWindow);
    if (!receipt.ok) {
      tally.count("outcome", `refused: ${receipt.error.code}`);
      return;
    }
    if (receipt.repeated) {
      tally.count("outcome", "first receipt again");
      return;
    }
    append(name, receipt.id, content, draft, now, wall);
  }

  function append(name: string, id: Id, content: string, draft: Draft, now: number, wall: number): void {
    const parts = parseId(id);
    if (!parts) fail(`${id} is no id`);
    sawEpoch(name, parts.epoch);
    const channel = channelOf(name);
    if (parts.seq !== channel.head + 1) fail(`P1: ${id} follows seq ${channel.head} of ${name}`);
    if (byId.has(id)) fail(`P4: ${id} names "${content}" and something else`);
    const bytes = payloadBytes(draft.payload) + options.overheadBytes;
    const { collapse } = draft;
    for (const older of channel.entries) {
      if (collapse === undefined || older.collapse !== collapse) continue;
      older.superseded = true;
      if (older.where === "spared") older.where = "gone";
    }
    const entry: Entry = {
      seq: parts.seq,
      content,
      at: wall,
      bytes,
      time: now,
      collapse,
      superseded: false,
      where: "window",
    };
    channel.head = entry.seq;
    channel.entries = [...channel.entries.filter(({ where }) => where !== "gone"), entry];
    channel.usedAt = now;
    byId.set(id, entry);
    idsOf.set(content, [...(idsOf.get(content) ?? []), id]);
    tally.count("outcome", "message appended");
    trim(channel);
  }

  // --- what is kept (P4) ---

  function trim(channel: ChannelTruth): void {
    for (;;) {
      const window = channel.entries.filter(({ where }) => where === "window");
      const [oldest] = window;
      const why = oldest && overBound(window, oldest);
      if (!oldest || !why) return;
      tally.count("trim", why);
      leaveWindow(channel, oldest);
    }
  }

  function overBound(window: readonly Entry[], oldest: Entry): string | undefined {
    if (window.length > retention.messages) return "by number";
    const bytes = window.reduce((sum, entry) => sum + entry.bytes, 0);
    if (bytes > retention.bytes && window.length > 1) return "by bytes";
    return clock.now() - oldest.time >= retention.ageMs ? "by age" : undefined;
  }

  function leaveWindow(channel: ChannelTruth, entry: Entry): void {
    entry.where = entry.collapse !== undefined && !entry.superseded ? "spared" : "gone";
    if (entry.collapse === undefined) channel.lost = Math.max(channel.lost, entry.seq);
    for (;;) {
      const spared = channel.entries.filter(({ where }) => where === "spared");
      const bytes = spared.reduce((sum, { bytes }) => sum + bytes, 0);
      const [oldest] = spared;
      if (!oldest) return;
      if (spared.length <= options.latestKeys && (bytes <= retention.bytes || spared.length === 1)) return;
      oldest.where = "gone";
      channel.lost = Math.max(channel.lost, oldest.seq);
      tally.count("trim", "of a spared entry");
    }
  }

  // --- keys (P5) ---

  function checkKey(
    channel: string,
    key: CommandKey,
    content: string,
    receipt: Receipt,
    now: number,
    keyWindow: number,
  ): void {
    const who = key.kind === "counted" ? `${channel} ${key.client}` : channel;
    const name = key.kind === "counted" ? `${who} ${key.counter}` : `${who} foreign ${key.key}`;
    const first = applied.get(name);
    const remembered = first !== undefined && now - first.time < keyWindow;
    if (!receipt.ok) {
      const { code } = receipt.error;
      const right = code === "key-reused" ? first && first.content !== content : receipt.error.retry;
      if (!right) fail(`P5: ${name} was refused: ${code}`);
      return;
    }
    if (receipt.repeated) {
      if (!first) fail(`P5: ${name} was answered with a receipt it never had`);
      if (receipt.id !== first.id) fail(`P5: ${name} got the receipt ${receipt.id}, its first was ${first.id}`);
      if (content !== first.content) fail(`P5: ${name} has another body and got the receipt`);
      return;
    }
    if (remembered) fail(`P5: ${name} was applied twice within ${keyWindow} ms`);
    if (key.kind === "counted") {
      const last = lastCounter.get(who);
      const inOrder = !last || key.counter > last.counter || now - last.time >= keyWindow;
      if (!inOrder) fail(`P5: ${name} was applied after ${last?.counter}`);
      lastCounter.set(who, { counter: key.counter, time: now });
    }
    applied.set(name, { id: receipt.id, content, time: now });
  }

  return {
    sawEpoch,
    published,
    used(name) {
      channelOf(name).usedAt = clock.now();
    },
    head(name) {
      const { epoch, head } = channelOf(name);
      return epoch === undefined ? undefined : { epoch, seq: head };
    },
    hadEpoch: (name, epoch) => epochs.get(epoch) === name,
    formerEpoch(name) {
      const now = channelOf(name).epoch;
      return [...epochs].findLast(([epoch, whose]) => whose === name && epoch !== now)?.[0];
    },
    entry: (epoch, seq) => byId.get(formatId(epoch, seq)),
    lost: (name) => channelOf(name).lost,
    kept: (name) => channelOf(name).entries.filter(({ where }) => where !== "gone"),
    names: (id, content) => idsOf.get(content)?.includes(id) ?? false,
  };
}
