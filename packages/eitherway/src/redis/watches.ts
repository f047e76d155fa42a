/**
 * Whom this node tells of which channel. Each watched channel is one subscription; pub/sub forgets what it cannot deliver, so after
 * every doubt the head of the log is compared with what was heard last, and watchers are told the newest message: the hole makes them read.
 */
import {
  addWatcher,
  type Batch,
  type BrokerParts,
  createSpread,
  dismissWatchers,
  type Undo,
  type Watched,
} from "../core/index.ts";
import { EitherwayError, type Epoch, payloadBytes } from "../protocol/index.ts";
import type { RedisConnection } from "./connection.ts";
import type { KeyNames } from "./key-names.ts";
import type { LogArguments } from "./log-arguments.ts";
import type { LogReader } from "./log-reader.ts";
import { decodeFrame } from "./message-codec.ts";
import { loadScript } from "./scripts.ts";
import { createSubscriber } from "./subscriber.ts";

export interface Watches {
  watch(channel: string, sink: (batch: Batch) => void): Promise<Undo>;
  /** Subscribes anew, and tells what was missed, also where there is no subscription to be had. */
  reread(): Promise<void>;
  /** Channels that this node is subscribed to. */
  readonly size: number;
  close(): void;
}

interface WatchesOptions extends Pick<BrokerParts, "clock" | "metrics" | "logger"> {
  readonly connection: RedisConnection;
  readonly names: KeyNames;
  readonly logs: LogArguments;
  readonly reader: LogReader;
  readonly sharded: boolean;
}

interface Entry extends Watched {
  readonly live: string;
  /** Resolves once every append is heard of. */
  readonly begun: Promise<void>;
  /** Where the log stood, as far as was heard; `undefined` before anything was. */
  epoch: Epoch | undefined;
  seq: number;
  /** `clock.now()` from which on the record has to be kept from going. */
  renewAt: number;
  /** `clock.now()` at which the last watcher left. */
  idleSince: number | undefined;
}

const TOUCH = loadScript("log", "touch");
const SWEEP_MS = 5_000;
/** A page that is loaded anew leaves for a moment; a channel costs nothing 30 s after its last watcher. */
const LINGER_MS = 5_000;
/** A record is renewed so often in its life that a renewal may fail. */
const RENEWALS = 3;
const WATCH_MS = 5_000;
/** Commands that are under way at once where all channels have to be looked at. */
const AT_ONCE = 200;

export function createWatches(options: WatchesOptions): Watches {
  const { connection, names, logs, reader, sharded, clock, metrics, logger } = options;
  const entries = new Map<string, Entry>();
  const spread = createSpread({ metrics, logger });
  let stopSweep: Undo | undefined;
  const subscriber = createSubscriber({
    ...{ servers: connection.servers, sharded, clock, heard },
    back: (lives) => void compareAll(lives.flatMap((live) => entries.get(live) ?? [])),
  });

  async function watch(channel: string, sink: (batch: Batch) => void): Promise<Undo> {
    const entry = entries.get(names.live(channel)) ?? begin(channel);
    const undo = addWatcher(entry, sink, () => {
      if (entry.watchers.length === 0) entry.idleSince = clock.now();
    });
    entry.idleSince = undefined;
    try {
      await entry.begun;
    } catch (thrown) {
      undo();
      throw thrown;
    }
    return undo;
  }

  function begin(channel: string): Entry {
    const live = names.live(channel);
    const entry: Entry = {
      ...{ name: channel, live, watchers: [], epoch: undefined, seq: 0 },
      ...{ renewAt: renewalOf(channel), idleSince: clock.now() },
      begun: start(channel, live),
    };
    entries.set(live, entry);
    entry.begun.catch(() => drop(entry));
    sweepLater();
    return entry;
  }

  /** First the subscription, then the log: what is appended after that is told. */
  async function start(channel: string, live: string): Promise<void> {
    await inTime(subscriber.subscribe(live));
    const { epoch, head } = await touch(channel);
    const entry = entries.get(live);
    if (entry && entry.epoch === undefined) {
      entry.epoch = epoch;
      entry.seq = head;
    }
  }

  function inTime(done: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = clock.after(WATCH_MS, () => reject(noSubscription()));
      void done.then(() => {
        stop();
        resolve();
      });
    });
  }

  async function touch(channel: string): Promise<{ readonly epoch: Epoch; readonly head: number }> {
    const reply = await connection.run(TOUCH, logs.keys(channel), logs.of(channel), { repeatable: true });
    const [epoch, head] = reply as [Buffer, number];
    return { epoch: epoch.toString("latin1"), head };
  }

  function heard(live: string, frame: Buffer): void {
    const entry = entries.get(live);
    if (!entry) return;
    const batch = decodeFrame(frame);
    if (batch.epoch !== undefined) {
      const last = batch.messages.at(-1)?.seq;
      if (last !== undefined) entry.seq = last;
      entry.epoch = batch.epoch;
    }
    spread(entry, batch);
  }

  // --- what may have been missed ---

  async function compareAll(ones: readonly Entry[]): Promise<void> {
    for (let from = 0; from < ones.length; from += AT_ONCE) {
      await Promise.all(ones.slice(from, from + AT_ONCE).map(compare));
    }
  }

  /** Where Redis cannot be asked the entry is looked at again at the next sweep. */
  async function compare(entry: Entry): Promise<void> {
    const { name } = entry;
    try {
      const { epoch, head } = await touch(name);
      entry.renewAt = renewalOf(name);
      if (entry.epoch === undefined || entries.get(entry.live) !== entry) return;
      if (epoch !== entry.epoch) tellEpoch(entry, epoch, head);
      else if (head > entry.seq) await tellNewest(entry);
    } catch {
      entry.renewAt = clock.now();
    }
  }

  function tellEpoch(entry: Entry, epoch: Epoch, head: number): void {
    entry.epoch = epoch;
    entry.seq = head;
    spread(entry, { epoch, messages: [], bytes: 0 });
  }

  async function tellNewest(entry: Entry): Promise<void> {
    const page = await reader.readBefore(entry.name, undefined, { messages: 1, bytes: 1 });
    const [message] = page?.messages ?? [];
    if (!page || !message) return;
    metrics.count("redis.missed");
    entry.epoch = page.epoch;
    entry.seq = Math.max(entry.seq, message.seq);
    spread(entry, { epoch: page.epoch, messages: [message], bytes: payloadBytes(message.payload) });
  }

  // --- the life of entries ---

  function renewalOf(channel: string): number {
    return clock.now() + logs.lifeMs(channel) / RENEWALS;
  }

  function sweepLater(): void {
    if (entries.size > 0) stopSweep ??= clock.after(SWEEP_MS, sweep);
  }

  function sweep(): void {
    stopSweep = undefined;
    const now = clock.now();
    const due: Entry[] = [];
    for (const entry of entries.values()) {
      if (entry.idleSince !== undefined && now - entry.idleSince >= LINGER_MS) end(entry);
      else if (entry.renewAt <= now) due.push(entry);
    }
    void compareAll(due);
    sweepLater();
  }

  /** The log outlives its last watcher as long as its last publish. */
  function end(entry: Entry): void {
    drop(entry);
    touch(entry.name).catch(() => {}); // then it goes somewhat earlier
  }

  function drop(entry: Entry): void {
    if (entries.get(entry.live) !== entry) return;
    entries.delete(entry.live);
    subscriber.unsubscribe(entry.live);
  }

  return {
    watch,
    async reread() {
      const renewed = inTime(subscriber.renew()); // what is told between is found when subscriptions are back
      await Promise.all([renewed, compareAll([...entries.values()])]);
    },
    get size() {
      return entries.size;
    },
    close() {
      stopSweep?.();
      dismissWatchers(entries.values());
      entries.clear();
      subscriber.close();
    },
  };
}

function noSubscription(): EitherwayError {
  return new EitherwayError(
    "unavailable",
    "Redis did not take the subscription in time; come back when it can be reached.",
  );
}
