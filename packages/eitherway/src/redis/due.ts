/**
 * What falls due, whoever lives then: leases of holders and of streams, and changes that wait for their window. All of it lies in
 * Redis, by time, before it can fall due; every node looks each second, and takes what is due for itself.
 */
import type { BrokerParts, Undo } from "../core/index.ts";
import { isEitherwayError } from "../protocol/index.ts";
import type { RedisConnection } from "./connection.ts";
import type { KeyNames } from "./key-names.ts";
import { keySlot } from "./key-slot.ts";
import { loadScript } from "./scripts.ts";

export interface Due {
  /**
   * Somebody will look at the item in `ms`. What it is about has to happen before the answer, milliseconds of Redis's clock; otherwise
   * the look may have been before it.
   */
  promise(item: DueItem, ms: number): Promise<number>;
  /** The key where an item's time is; other keys with the same `slot` can be changed together with it. */
  keyOf(item: DueItem): string;
  /** A further key in the slot of an item. */
  partOf(item: DueItem, part: string): string;
  /** Looks at items of a kind, on any node. When again, milliseconds of Redis's clock; `undefined`: never. */
  on(kind: DueItem["kind"], look: (name: string) => Promise<number | undefined>): void;
  /** Something is due in `ms`: a look then, and not only at the next second. */
  soon(ms: number): void;
  start(): void;
  close(): void;
}

export interface DueItem {
  readonly kind: "holder" | "place" | "stream";
  readonly name: string;
}

interface DueOptions extends Pick<BrokerParts, "clock" | "logger" | "metrics"> {
  readonly connection: RedisConnection;
  readonly names: KeyNames;
  /** Leases of a Cluster are spread over so many slots. */
  readonly buckets: number;
}

const PROMISE = loadScript("due", "due-promise");
const TAKE = loadScript("due", "due-take");
const DONE = loadScript("due", "due-done");

/** A leave may come so much later than the end of its lease (P8). */
const MOST_BETWEEN_LOOKS_MS = 1_000;
/** Many things that are due one shortly after the other are one look. */
const LEAST_BETWEEN_LOOKS_MS = 50;
/** What one node takes at once; the rest is for others, or the next look. */
const MOST_ITEMS = 100;
/** For how long an item that was taken is its taker's; one that dies with it delays it by so much. */
export const TAKEN_MS = 1_000;
/** Whoever had no answer for so long may have kept nobody's lease either... */
const STOOD_STILL_MS = 2_000;
/** ...nor may the others, where Redis itself was away: leases are renewed before any is ended. */
const GRACE_MS = 10_000;

export function createDue({ connection, names, buckets, clock, logger, metrics }: DueOptions): Due {
  const looks = new Map<string, (name: string) => Promise<number | undefined>>();
  let stopTimer: Undo | undefined;
  /** `clock.now()` of the next look. */
  let nextAt = Number.POSITIVE_INFINITY;
  let graceUntil = 0;
  let isLooking = false;
  let closed = false;

  const bucketOf = ({ kind, name }: DueItem): number => keySlot(textOf({ kind, name })) % buckets;
  const dueKey = (bucket: number): string => names.part(`@due/${bucket}`, "due");
  const keyOf = (item: DueItem): string => dueKey(bucketOf(item));

  async function promise(item: DueItem, ms: number): Promise<number> {
    const at = await connection.run(PROMISE, [keyOf(item)], [textOf(item), String(ms)], { repeatable: true });
    soon(ms);
    return at as number;
  }

  function soon(ms: number): void {
    const at = clock.now() + Math.min(Math.max(ms, LEAST_BETWEEN_LOOKS_MS), MOST_BETWEEN_LOOKS_MS);
    if (closed || isLooking || at >= nextAt) return;
    stopTimer?.();
    nextAt = at;
    stopTimer = clock.after(at - clock.now(), () => void look());
  }

  async function look(): Promise<void> {
    const late = clock.now() - nextAt;
    nextAt = Number.POSITIVE_INFINITY;
    isLooking = true;
    metrics.count("redis.looks");
    const began = clock.now();
    if (late > STOOD_STILL_MS) graceUntil = began + GRACE_MS;
    let wait = MOST_BETWEEN_LOOKS_MS;
    try {
      const waits = await Promise.all(Array.from({ length: buckets }, (_, bucket) => lookInto(bucket)));
      wait = Math.min(...waits);
      if (clock.now() - began > STOOD_STILL_MS) graceUntil = clock.now() + GRACE_MS;
    } catch (thrown) {
      graceUntil = clock.now() + GRACE_MS;
      report(thrown);
    }
    isLooking = false;
    metrics.count("redis.looked");
    soon(wait);
  }

  /** Milliseconds to the next item that is due. */
  async function lookInto(bucket: number): Promise<number> {
    const key = dueKey(bucket);
    const most = clock.now() < graceUntil ? 0 : MOST_ITEMS; // it is asked in any case: that is how a node knows that Redis answers
    const reply = (await connection.run(TAKE, [key], [String(most), String(TAKEN_MS)], {
      repeatable: true,
    })) as TakeReply;
    const [next, ...taken] = reply;
    const items: Promise<void>[] = [];
    for (let n = 0; n < taken.length; n += 2) items.push(tend(key, String(taken[n]), String(taken[n + 1])));
    await Promise.all(items);
    return next < 0 ? MOST_BETWEEN_LOOKS_MS : next;
  }

  /** Never rejects: what failed is taken again. */
  async function tend(key: string, text: string, mark: string): Promise<void> {
    try {
      const { kind, name } = itemOf(text);
      const again = await looks.get(kind)?.(name);
      await connection.run(DONE, [key], [text, mark, again === undefined ? "" : String(again)], { repeatable: true });
    } catch (thrown) {
      report(thrown);
    }
  }

  function report(thrown: unknown): void {
    if (closed) return;
    metrics.count("redis.looks.failed");
    if (isEitherwayError(thrown) && thrown.code !== "internal") return;
    logger.error("what fell due was not done", { cause: String(isEitherwayError(thrown) ? thrown.cause : thrown) });
  }

  return {
    promise,
    keyOf,
    partOf: (item, part) => names.part(`@due/${bucketOf(item)}`, part),
    on: (kind, run) => void looks.set(kind, run),
    soon,
    start: () => soon(0),
    close() {
      closed = true;
      stopTimer?.();
    },
  };
}

type TakeReply = [next: number, ...itemsAndMarks: Buffer[]];

/** An item as it stands in Redis. */
export function textOf({ kind, name }: DueItem): string {
  return `${kind} ${name}`;
}

function itemOf(text: string): { readonly kind: string; readonly name: string } {
  const space = text.indexOf(" ");
  return { kind: text.slice(0, space), name: text.slice(space + 1) };
}
