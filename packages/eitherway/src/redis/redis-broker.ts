/** The broker of many processes: logs, keys and claims in Redis, and its pub/sub to tell of appends. */
import type { Broker, BrokerParts } from "../core/index.ts";
import { EitherwayError, toEitherwayError } from "../protocol/index.ts";
import { createClaims } from "./claims.ts";
import type { ClientOptions } from "./clients.ts";
import { openConnection } from "./connection.ts";
import { createDue } from "./due.ts";
import { createKeyNames } from "./key-names.ts";
import { createLogArguments } from "./log-arguments.ts";
import { createLogReader } from "./log-reader.ts";
import { createPublisher } from "./publisher.ts";
import { createRedisPresence } from "./redis-presence.ts";
import { createRedisStreams } from "./redis-streams.ts";
import type { RedisPlace } from "./redis-url.ts";
import { createWatches } from "./watches.ts";

export interface RedisBrokerOptions extends BrokerParts {
  readonly place: RedisPlace;
  readonly client: ClientOptions;
  readonly prefix: string;
  /** Replicas that must have a write before it is acknowledged. */
  readonly replicas: number;
}

/** Leases lie in so many slots of a Cluster, so that no master has them all. */
const CLUSTER_BUCKETS = 4;

export function createRedisBroker(options: RedisBrokerOptions): Broker {
  const { clock, logger, keyWindowMs, place } = options;
  const sharded = place.kind === "cluster";
  const names = createKeyNames(options.prefix);
  const logs = createLogArguments({ ...options, names, publishCommand: sharded ? "SPUBLISH" : "PUBLISH" });
  const connection = openConnection({ place, client: options.client, clock, logger });
  const shared = { ...options, connection, names, logs };
  const reader = createLogReader(connection, logs);
  const publisher = createPublisher(shared);
  const claims = createClaims(shared);
  const watches = createWatches({ ...shared, reader, sharded });
  const due = createDue({ ...shared, buckets: sharded ? CLUSTER_BUCKETS : 1 });
  const presence = createRedisPresence({ ...shared, due });
  const streams = createRedisStreams({ ...shared, due });
  let closed = false;
  due.start();

  function begin(): void {
    if (closed) throw new EitherwayError("unavailable", "The broker is closed; come back when the server runs again.");
  }

  return {
    async publish(channel, drafts) {
      try {
        begin();
        return await publisher.publish(channel, drafts);
      } catch (thrown) {
        return drafts.map(() => ({ ok: false, error: toEitherwayError(thrown) }));
      }
    },
    async announce(channel, messages) {
      begin();
      await publisher.announce(channel, messages);
    },
    async read(channel, after, limit) {
      begin();
      return await reader.read(channel, after, limit);
    },
    async readBefore(channel, before, limit) {
      begin();
      return await reader.readBefore(channel, before, limit);
    },
    async watch(channel, sink) {
      begin();
      return await watches.watch(channel, sink);
    },
    async claim(scope, key, request) {
      begin();
      return await claims.claim(scope, key, request);
    },
    async settle(scope, key, settlement) {
      begin();
      await claims.settle(scope, key, settlement);
    },
    async reread() {
      begin();
      await watches.reread();
    },
    presence: {
      async touch(...given) {
        begin();
        await presence.touch(...given);
      },
      async leave(...given) {
        begin();
        await presence.leave(...given);
      },
      async list(channel) {
        begin();
        return await presence.list(channel);
      },
      async renew(...given) {
        begin();
        await presence.renew(...given);
      },
    },
    streams,
    keyWindow: () => keyWindowMs,
    // What Redis holds, Redis tells (INFO memory); this is what this process does.
    sizes: () => ({ channels: watches.size, logBytes: 0, keys: 0 }),
    async close() {
      closed = true;
      due.close();
      watches.close();
      connection.close();
    },
  };
}
