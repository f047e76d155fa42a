/** The clients behind a connection: one of a server or of a Cluster, and how each of them finds the server of a key. */
import { Cluster, Redis, type RedisOptions, SentinelConnector } from "ioredis";
import { keySlot } from "./key-slot.ts";
import type { Address, RedisPlace } from "./redis-url.ts";

/**
 * Options of `ioredis` for each connection, say `tls` and `connectionName`; what is not here, Eitherway decides. `natMap` names the way to
 * servers that Sentinels or a Cluster tell of by an address that leads nowhere from here, say that of a container.
 */
export type ClientOptions = Pick<
  RedisOptions,
  | "tls"
  | "family"
  | "connectionName"
  | "connectTimeout"
  | "keepAlive"
  | "sentinelUsername"
  | "sentinelPassword"
  | "natMap"
>;

/** Servers as commands see them. */
export interface Servers {
  /** The connected server of a key, or `undefined` while there is none. */
  of(key: string): Redis | undefined;
  /** Which server has it, as a name; a subscription of the key belongs there. */
  nameOf(key: string): string | undefined;
  /** A connection of its own to that server, for subscriptions. It reconnects by itself and does not resubscribe. */
  subscriber(name: string): Redis;
  /** Looks again which server has what. */
  refresh(): void;
  /** Runs each time that was looked at. Before the first time a Cluster knows of no server. */
  onRefresh(run: () => void): void;
  close(): void;
}

const SOCKET_MS = 5_000; // a server that is silent for so long while commands wait is as good as gone
const FIRST_RETRY_MS = 50;
const MOST_RETRY_MS = 1_000; // after a failover or a restart everybody is back within about this

/** Names of the only server there is. */
const THE_SERVER = "";

/** Hears why a server could not be reached, each time. */
type Report = (cause: unknown) => void;

interface ServersOptions {
  readonly place: RedisPlace;
  readonly client: ClientOptions;
  readonly report: Report;
  /** Hears of each connection for commands that is ready. */
  readonly opened: (server: Redis) => void;
}

export function openServers(options: ServersOptions): Servers {
  return options.place.kind === "cluster" ? openCluster(options) : openOne(options);
}

function openOne({ place, client, report, opened }: ServersOptions): Servers {
  const common = commonOptions(place, client);
  const where = place.kind === "sentinel" ? bySentinels(place, common.tls, report) : place.addresses[0];
  const options: RedisOptions = { ...common, ...where, db: place.db, retryStrategy };
  const open = (): Redis => new Redis(options).on("error", report);
  let closed = false;
  let redis = openForGood();

  /** ioredis 6 gives a client up for good when it hears of a failover while it connects; then another one begins. */
  function openForGood(): Redis {
    const one = open();
    one.on("ready", () => opened(one));
    return one.on("end", () => {
      if (!closed) redis = openForGood();
    });
  }

  return {
    of: () => (redis.status === "ready" ? redis : undefined),
    nameOf: () => THE_SERVER,
    subscriber: open,
    refresh() {},
    onRefresh() {},
    close() {
      closed = true;
      redis.disconnect();
    },
  };
}

function bySentinels({ addresses, master }: RedisPlace, tls: RedisOptions["tls"], report: Report): RedisOptions {
  return {
    sentinels: [...addresses],
    name: master ?? "",
    failoverDetector: true, // without it a node that still reaches a deposed master would go on writing there
    sentinelRetryStrategy: retryStrategy,
    sentinelReconnectStrategy: retryStrategy, // ioredis 6 would leave the detector deaf for a minute
    ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    Connector: reportingConnector(report),
  };
}

/** What fails between us and a Sentinel ioredis 6 either keeps to itself or, for want of a listener, prints with its stack. */
function reportingConnector(report: Report): NonNullable<RedisOptions["Connector"]> {
  return class extends SentinelConnector {
    constructor(options: unknown) {
      super(options as ConstructorParameters<typeof SentinelConnector>[0]);
      const inner = this as unknown as { connectToSentinel?: (...given: unknown[]) => Redis };
      const connect = inner.connectToSentinel?.bind(this);
      if (connect) inner.connectToSentinel = (...given) => connect(...given).on("error", report);
    }
  };
}

function openCluster({ place, client, report, opened }: ServersOptions): Servers {
  const { natMap, ...ofConnections } = client;
  const redisOptions = commonOptions(place, ofConnections);
  let asked: Redis | undefined;
  const cluster = new Cluster([...place.addresses], {
    redisOptions,
    ...(natMap && { natMap }),
    // ioredis 6 would ask those that the URL names by address, for which their certificates do not speak.
    dnsLookup: (host, found) => found(null, host),
    enableOfflineQueue: false,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshInterval: MOST_RETRY_MS * 5,
    retryDelayOnFailover: 0, // it would send again what may have been done
    slotsRefreshTimeout: SOCKET_MS,
  }).on("error", (cause) => {
    report(cause);
    askWhy();
  });
  cluster.on("+node", (server: Redis) => server.on("ready", () => opened(server)));
  const nameOf = (key: string): string | undefined => cluster.slots[keySlot(key)]?.[0];
  const nodeOf = (name: string): Redis | undefined =>
    cluster.nodes("master").find(({ options: { host, port } }) => `${host}:${port}` === name);

  /** That no server can be reached is all that ioredis 6 tells of a Cluster: one of them is asked by itself. */
  function askWhy(): void {
    if (asked) return;
    asked = new Redis({ ...redisOptions, ...place.addresses[0], retryStrategy: () => null });
    asked.on("error", report);
    asked.on("ready", () => asked?.disconnect());
    asked.on("end", () => {
      asked = undefined;
    });
  }

  return {
    nameOf,
    of(key) {
      const name = nameOf(key);
      const node = name === undefined ? undefined : nodeOf(name);
      if (node?.status === "wait") node.connect().catch(report); // it is opened by its first use
      return node?.status === "ready" ? node : undefined;
    },
    subscriber(name) {
      return new Redis({ ...redisOptions, ...addressOf(name), retryStrategy }).on("error", report);
    },
    refresh() {
      if (cluster.status === "ready") cluster.refreshSlotsCache();
    },
    onRefresh(run) {
      cluster.on("refresh", run);
    },
    close() {
      cluster.disconnect();
      asked?.disconnect();
    },
  };
}

function addressOf(name: string): Address {
  const colon = name.lastIndexOf(":");
  return { host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
}

/** Nothing is queued, repeated or resubscribed behind our back: what is to be done again is decided here (P5). */
function commonOptions({ tls, username, password }: RedisPlace, client: ClientOptions): RedisOptions {
  return {
    ...client,
    ...(tls && { tls: client.tls ?? {} }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    socketTimeout: SOCKET_MS,
  };
}

function retryStrategy(times: number): number {
  const longest = Math.min(FIRST_RETRY_MS * 2 ** Math.min(times, 10), MOST_RETRY_MS);
  return longest / 2 + Math.random() * (longest / 2);
}
