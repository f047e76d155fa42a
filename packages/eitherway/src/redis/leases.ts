/** Leases of holders: each of them holds all its places, and is noted before the place itself, so that nobody stays for ever (P8). */
import type { BrokerParts } from "../core/index.ts";
import type { RedisConnection } from "./connection.ts";
import { type Due, TAKEN_MS, textOf } from "./due.ts";
import { loadScript } from "./scripts.ts";

/** Where somebody is held: one member in one presence log. */
export interface HeldPlace {
  readonly log: string;
  readonly member: string;
}

/** The right to enter a place, until its lease ends. */
export interface Hold {
  /** Counts up with every hold of a holder. */
  readonly number: number;
  /** Milliseconds of Redis's clock. */
  readonly ends: number;
}

export interface Leases {
  /** Notes the place and renews the lease; the hold is to be used before it ends. */
  hold(holder: string, place: HeldPlace, leaseMs: number): Promise<Hold>;
  /** The place is held no more by what was held until then. */
  release(holder: string, place: HeldPlace, number: number): Promise<void>;
  renew(holders: readonly string[], leaseMs: number): Promise<void>;
}

interface LeasesOptions extends Pick<BrokerParts, "metrics"> {
  readonly connection: RedisConnection;
  readonly due: Due;
  /** Ends what a holder holds in a place, up to a number. */
  readonly letGo: (holder: string, place: HeldPlace, number: number) => Promise<void>;
}

const HOLD = loadScript("due", "lease-hold");
const RENEW = loadScript("due", "lease-renew");
const PLACES = loadScript("due", "lease-places");
const RELEASE = loadScript("due", "lease-release");
/** Of one script, about a millisecond for every other client of Redis. */
const MOST_RENEWALS = 500;
/** The field beside the places of a holder. */
const LAST = "last";

export function createLeases({ connection, due, letGo, metrics }: LeasesOptions): Leases {
  due.on("holder", end);

  const itemOf = (holder: string) => ({ kind: "holder", name: holder }) as const;
  const keysOf = (holder: string): readonly string[] => {
    const item = itemOf(holder);
    return [due.keyOf(item), due.partOf(item, `holder ${holder}`)];
  };

  async function hold(holder: string, place: HeldPlace, leaseMs: number): Promise<Hold> {
    const args = [textOf(itemOf(holder)), fieldOf(place), String(leaseMs)];
    for (;;) {
      const [number, ends] = (await connection.run(HOLD, keysOf(holder), args, { repeatable: true })) as [
        number,
        number,
      ];
      if (number > 0) {
        due.soon(leaseMs);
        return { number, ends };
      }
      await end(holder); // the one before is over, and nobody has ended it yet
    }
  }

  async function release(holder: string, place: HeldPlace, number: number): Promise<void> {
    await releaseAll(holder, [fieldOf(place), String(number)]);
  }

  async function releaseAll(holder: string, fields: readonly string[]): Promise<void> {
    await connection.run(RELEASE, keysOf(holder), [textOf(itemOf(holder)), ...fields], { repeatable: true });
  }

  async function renew(holders: readonly string[], leaseMs: number): Promise<void> {
    const byKey = new Map<string, string[]>();
    for (const holder of holders) {
      const key = due.keyOf(itemOf(holder));
      const ones = byKey.get(key);
      if (ones) ones.push(holder);
      else byKey.set(key, [holder]);
    }
    const calls: Promise<unknown>[] = [];
    for (const [key, ones] of byKey) {
      for (let from = 0; from < ones.length; from += MOST_RENEWALS) {
        const items = ones.slice(from, from + MOST_RENEWALS).map((holder) => textOf(itemOf(holder)));
        calls.push(connection.run(RENEW, [key], [String(leaseMs), ...items], { repeatable: true }));
      }
    }
    await Promise.all(calls);
  }

  /** Ends what a lease held that is over; as often as one likes. */
  async function end(holder: string): Promise<undefined> {
    const args = [textOf(itemOf(holder)), String(TAKEN_MS)];
    const reply = (await connection.run(PLACES, keysOf(holder), args, { repeatable: true })) as Buffer[];
    const fields = reply.map(String);
    const over: string[] = [];
    const places: Promise<void>[] = [];
    for (let n = 0; n + 1 < fields.length; n += 2) {
      const [field = "", number = ""] = fields.slice(n, n + 2);
      if (field === LAST) continue;
      over.push(field, number);
      places.push(letGo(holder, placeOf(field), Number(number)));
    }
    if (places.length > 0) metrics.count("presence.lapsed");
    await Promise.all(places);
    await releaseAll(holder, over);
    return undefined;
  }

  return { hold, release, renew };
}

function fieldOf({ log, member }: HeldPlace): string {
  return JSON.stringify([log, member]);
}

function placeOf(field: string): HeldPlace {
  const [log = "", member = ""] = JSON.parse(field) as string[];
  return { log, member };
}
