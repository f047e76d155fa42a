/**
 * Appends and announcements of this node. One batch of a channel is under way at a time, and what comes meanwhile makes the next one: so
 * the order of the calls holds whatever has to be sent again (P1, P5), and a busy channel needs few scripts.
 */
import type { BrokerParts, Draft, Receipt, Volatile } from "../core/index.ts";
import { EitherwayError, toEitherwayError } from "../protocol/index.ts";
import { LostAnswer, type RedisConnection } from "./connection.ts";
import { draftItem, type Item, itemArguments, receiptOf } from "./draft-arguments.ts";
import type { KeyNames } from "./key-names.ts";
import type { LogArguments } from "./log-arguments.ts";
import { encodeMessage, encodeVolatile } from "./message-codec.ts";
import { loadScript } from "./scripts.ts";

export interface Publisher {
  publish(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]>;
  /** Rejects where Redis cannot be reached. */
  announce(channel: string, messages: readonly Volatile[]): Promise<void>;
}

interface PublisherOptions extends Pick<BrokerParts, "clock" | "limits" | "keyWindowMs"> {
  readonly connection: RedisConnection;
  readonly names: KeyNames;
  readonly logs: LogArguments;
  /** Replicas that must have an append before it is acknowledged. */
  readonly replicas: number;
}

/** One call, as it waits. */
interface Call {
  readonly items: readonly Item[];
  readonly bytes: number;
  readonly answer: (receipts: readonly Receipt[]) => void;
}

/** What waits for one channel; it is forgotten when it is empty. */
interface Lane {
  readonly channel: string;
  calls: Call[];
}

const PUBLISH = loadScript("log", "receipts", "publish");
const LOG_KEYS = 4;
/** Of one script: it keeps every other client of its Redis waiting, about 10 µs an item. */
const BATCH_ITEMS = 256;
const BATCH_BYTES = 256 * 1024;

export function createPublisher(options: PublisherOptions): Publisher {
  const { connection, names, logs, clock, limits, keyWindowMs, replicas } = options;
  const lanes = new Map<string, Lane>();
  let waitingBytes = 0;

  function enqueue(channel: string, items: readonly Item[]): Promise<readonly Receipt[]> {
    const bytes = items.reduce((sum, { blob }) => sum + blob.length, 0);
    // While Redis is away nothing may pile up (P6); one call alone is always taken.
    if (waitingBytes > 0 && waitingBytes + bytes > limits.unflushedBytes) {
      return Promise.resolve(refuse(items, tooMuchWaits(limits.unflushedBytes)));
    }
    waitingBytes += bytes;
    return new Promise((answer) => {
      const lane = lanes.get(channel);
      const call = { items, bytes, answer };
      if (lane) lane.calls.push(call);
      else startLane({ channel, calls: [call] });
    });
  }

  function startLane(lane: Lane): void {
    lanes.set(lane.channel, lane);
    clock.defer(() => void drive(lane)); // the calls of one turn are one batch
  }

  async function drive(lane: Lane): Promise<void> {
    while (lane.calls.length > 0) {
      const calls = takeBatch(lane);
      const receipts = await send(
        lane.channel,
        calls.flatMap(({ items }) => items),
      );
      let from = 0;
      for (const { items, bytes, answer } of calls) {
        waitingBytes -= bytes;
        answer(receipts.slice(from, from + items.length));
        from += items.length;
      }
    }
    lanes.delete(lane.channel);
  }

  function takeBatch(lane: Lane): readonly Call[] {
    let items = 0;
    let bytes = 0;
    let count = 0;
    for (const call of lane.calls) {
      items += call.items.length;
      bytes += call.bytes;
      if (count > 0 && (items > BATCH_ITEMS || bytes > BATCH_BYTES)) break;
      count++;
    }
    return lane.calls.splice(0, count);
  }

  /** A receipt for each item, whatever happens. */
  async function send(channel: string, items: readonly Item[]): Promise<readonly Receipt[]> {
    try {
      if (items.every(({ kind }) => kind === "volatile")) return await tell(channel, items);
      return await append(channel, items, false);
    } catch (thrown) {
      if (thrown instanceof LostAnswer) return await sendAgain(channel, items, thrown);
      return refuse(items, toEitherwayError(thrown));
    }
  }

  /** What has a key is applied once, however often it is sent. Of the rest nobody can know (P5). */
  async function sendAgain(channel: string, items: readonly Item[], lost: LostAnswer): Promise<readonly Receipt[]> {
    const keyed = items.filter((item) => item.kind === "draft" && item.key);
    if (keyed.length === 0 || replicas > 0) return refuse(items, lost);
    const receipts = new Map<Item, Receipt>();
    try {
      const answers = await append(channel, keyed, true);
      for (const [at, item] of keyed.entries()) receipts.set(item, answers[at] as Receipt);
    } catch (thrown) {
      for (const item of keyed) receipts.set(item, { ok: false, error: toEitherwayError(thrown) });
    }
    return items.map((item) => receipts.get(item) ?? { ok: false, error: lost });
  }

  async function append(channel: string, items: readonly Item[], repeatable: boolean): Promise<readonly Receipt[]> {
    const { keys, args } = itemArguments(items, LOG_KEYS + 1);
    const reply = await connection.run(
      PUBLISH,
      [...logs.keys(channel), ...keys],
      [...logs.of(channel), String(items.length), String(limits.inFlight), String(keyWindowMs), ...args],
      { repeatable, replicas },
    );
    const [epoch, ...answers] = reply as [Buffer, ...unknown[]];
    let at = 0;
    return items.map((item) =>
      item.kind === "volatile" ? TOLD : receiptOf(channel, item, epoch.toString("latin1"), answers[at++]),
    );
  }

  async function tell(channel: string, items: readonly Item[]): Promise<readonly Receipt[]> {
    const blobs = items.map(({ blob }) => blob);
    await connection.publish(names.live(channel), encodeVolatile(blobs, clock.wall()));
    return items.map(() => TOLD);
  }

  return {
    async publish(channel, drafts) {
      if (drafts.length === 0) return [];
      return await enqueue(
        channel,
        drafts.map((draft) => draftItem(names, channel, draft)),
      );
    },
    async announce(channel, messages) {
      if (messages.length === 0) return;
      const items = messages.map((message): Item => ({ kind: "volatile", blob: encodeMessage(message) }));
      const [receipt] = await enqueue(channel, items);
      if (receipt && !receipt.ok && receipt.error.retry) throw receipt.error;
    },
  };
}

/** Of what is volatile: it has no id. */
const TOLD: Receipt = { ok: true, id: "", repeated: false };

function refuse(items: readonly Item[], error: EitherwayError): readonly Receipt[] {
  const receipt: Receipt = { ok: false, error };
  return items.map(() => receipt);
}

function tooMuchWaits(limit: number): EitherwayError {
  return new EitherwayError(
    "unavailable",
    `More than ${limit} bytes wait for Redis; come back when it keeps up, or raise limits.unflushedBytes.`,
  );
}
