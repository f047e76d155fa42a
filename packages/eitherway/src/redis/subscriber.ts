/**
 * Subscriptions at the servers that have them, on connections of their own. They are made again wherever they got lost: after a cut, a
 * failover, a move of a slot. What was told meanwhile is missed: whoever is `back` has to look.
 */
import type { Redis } from "ioredis";
import type { Clock, Undo } from "../core/index.ts";
import type { Servers } from "./clients.ts";

export interface Subscriber {
  /** Resolves once the server has confirmed it. */
  subscribe(live: string): Promise<void>;
  unsubscribe(live: string): void;
  /** Takes connections anew, also where the old ones seem well. Resolves when all that is wanted is confirmed again. */
  renew(): Promise<void>;
  close(): void;
}

interface SubscriberOptions {
  readonly servers: Servers;
  /** On a Cluster a channel is told inside the shard of its slot. */
  readonly sharded: boolean;
  readonly clock: Clock;
  readonly heard: (live: string, frame: Buffer) => void;
  /** These were lost for a while and are confirmed again. */
  readonly back: (lives: readonly string[]) => void;
}

interface Wanted {
  readonly live: string;
  connection: Connection | undefined;
  confirmed: boolean;
  /** It has been confirmed before. */
  known: boolean;
  waiting: (() => void)[];
}

interface Connection {
  readonly name: string;
  readonly redis: Redis;
}

/** Channels of one SUBSCRIBE. */
const CHUNK = 500;
/** How often is looked whether all is where it belongs. A silent connection is found out by the same look. */
const LOOK_MS = 1_000;

export function createSubscriber({ servers, sharded, clock, heard, back }: SubscriberOptions): Subscriber {
  const wanted = new Map<string, Wanted>();
  const connections = new Map<string, Connection>();
  let stopLooking: Undo | undefined;
  let closed = false;
  servers.onRefresh(placeMisplaced);

  function open(name: string): Connection {
    const known = connections.get(name);
    if (known) return known;
    const redis = servers.subscriber(name);
    const connection: Connection = { name, redis };
    connections.set(name, connection);
    redis.on(sharded ? "smessageBuffer" : "messageBuffer", (live: Buffer, frame: Buffer) =>
      heard(live.toString(), frame),
    );
    redis.on("ready", () => place(lostBy(connection)));
    redis.on("close", () => lose(connection));
    redis.on("end", () => drop(connection)); // it will never come back by itself: `look` opens another one
    redis.on("moved", () => lose(connection)); // the server says it has some of them no more, but not which
    return connection;
  }

  function lostBy(connection: Connection): readonly Wanted[] {
    return [...wanted.values()].filter((one) => one.connection === connection && !one.confirmed);
  }

  function lose(connection: Connection): void {
    for (const one of wanted.values()) if (one.connection === connection) one.confirmed = false;
  }

  /** Asks for each where it belongs now. What cannot be asked for is looked at again in a moment. */
  function place(ones: readonly Wanted[]): void {
    const byConnection = new Map<Connection, Wanted[]>();
    for (const one of ones) {
      const name = servers.nameOf(one.live);
      if (name === undefined) continue;
      one.connection = open(name);
      if (one.connection.redis.status !== "ready") continue;
      const others = byConnection.get(one.connection);
      if (others) others.push(one);
      else byConnection.set(one.connection, [one]);
    }
    for (const [connection, all] of byConnection) {
      const chunk = sharded ? 1 : CHUNK; // channels of different slots cannot be asked for together
      for (let from = 0; from < all.length; from += chunk) void ask(connection, all.slice(from, from + chunk));
    }
    look();
  }

  async function ask(connection: Connection, ones: readonly Wanted[]): Promise<void> {
    const lives = ones.map(({ live }) => live);
    try {
      await (sharded ? connection.redis.ssubscribe(...lives) : connection.redis.subscribe(...lives));
    } catch {
      servers.refresh(); // the slot has moved, or the connection is gone: `look` places them again
      return;
    }
    const again: string[] = [];
    for (const one of ones) {
      if (one.connection !== connection || wanted.get(one.live) !== one) continue;
      if (one.known && !one.confirmed) again.push(one.live);
      one.confirmed = true;
      one.known = true;
      for (const resolve of one.waiting.splice(0)) resolve();
    }
    if (again.length > 0) back(again);
  }

  /** Sees to it that what is wanted is confirmed, where it belongs, on a connection that lives. */
  function look(): void {
    stopLooking ??= clock.after(LOOK_MS, () => {
      stopLooking = undefined;
      if (wanted.size === 0 || closed) return;
      placeMisplaced();
      closeUnused();
      for (const { redis } of connections.values()) if (redis.status === "ready") redis.ping().catch(() => {});
      look();
    });
  }

  function placeMisplaced(): void {
    const misplaced = [...wanted.values()].filter(
      (one) => !one.confirmed || one.connection?.name !== servers.nameOf(one.live),
    );
    for (const one of misplaced) one.confirmed = false;
    if (misplaced.length > 0) place(misplaced);
  }

  function closeUnused(): void {
    const used = new Set([...wanted.values()].map(({ connection }) => connection));
    for (const connection of connections.values()) if (!used.has(connection)) drop(connection);
  }

  function drop(connection: Connection): void {
    if (connections.get(connection.name) === connection) connections.delete(connection.name);
    lose(connection);
    connection.redis.removeAllListeners("ready");
    connection.redis.disconnect();
  }

  function confirmation(one: Wanted): Promise<void> {
    if (one.confirmed) return Promise.resolve();
    return new Promise((resolve) => one.waiting.push(resolve));
  }

  return {
    subscribe(live) {
      const known = wanted.get(live);
      if (known) return confirmation(known);
      const one: Wanted = { live, connection: undefined, confirmed: false, known: false, waiting: [] };
      wanted.set(live, one);
      place([one]);
      return confirmation(one);
    },
    unsubscribe(live) {
      const one = wanted.get(live);
      wanted.delete(live);
      const redis = one?.connection?.redis;
      if (redis?.status !== "ready") return;
      (sharded ? redis.sunsubscribe(live) : redis.unsubscribe(live)).catch(() => {}); // cut: then it is gone as well
    },
    async renew() {
      for (const connection of [...connections.values()]) drop(connection);
      place([...wanted.values()]);
      await Promise.all([...wanted.values()].map(confirmation));
    },
    close() {
      closed = true;
      stopLooking?.();
      wanted.clear();
      for (const connection of [...connections.values()]) drop(connection);
    },
  };
}
