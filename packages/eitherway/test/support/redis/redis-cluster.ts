/** A real Redis Cluster of six: three masters, each with a replica. */
import { onTestFinished } from "vitest";
import { freePort } from "../../node/support.ts";
import { cutReplicasOff, hasFollowed, letReplicasIn, replicating } from "./redis-sentinel.ts";
import { eventually, fieldOf, launchRedis, type RedisOptions, type RunningRedis } from "./redis-server.ts";

export interface RunningCluster {
  /** `redis+cluster://127.0.0.1:<port>,…` */
  readonly url: string;
  /** Three that began as masters, then a replica of each. */
  readonly servers: readonly RunningRedis[];
  /** The master of a key's slot, as the cluster sees it now. */
  masterOf(key: string): Promise<RunningRedis>;
  /** As of `startSentinel`. */
  cutReplication(server: RunningRedis): Promise<void>;
  /** Resolves when the slot of `key` has another master than `from`, and all nodes agree. */
  failedOver(key: string, from: RunningRedis): Promise<RunningRedis>;
  /** Moves the clock of all, of `movableClock` only. */
  advance(ms: number): void;
  stop(): Promise<void>;
}

const MASTERS = 3;
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 2_000;

/** Starts it until the test is over. */
export async function startRedisCluster(options: RedisOptions = {}): Promise<RunningCluster> {
  const cluster = await launchRedisCluster(options);
  onTestFinished(cluster.stop);
  return cluster;
}

/** Starts it until it is stopped. */
export async function launchRedisCluster(options: RedisOptions = {}): Promise<RunningCluster> {
  const servers: RunningRedis[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    const buses: number[] = [];
    for (let n = 0; n < 2 * MASTERS; n++) {
      const bus = await freePort();
      servers.push(await launchRedis(clustered(options, bus)));
      buses.push(bus);
    }
    await join(servers, buses);
  } catch (cause) {
    await stop();
    throw cause;
  }

  async function masterOf(key: string): Promise<RunningRedis> {
    const alive = await firstThatAnswers(servers);
    const slot = Number(await alive.command("CLUSTER", "KEYSLOT", key));
    const line = (await nodesOf(alive)).find(({ slots }) =>
      slots.some(([first, last]) => slot >= first && slot <= last),
    );
    const master = servers.find(({ port }) => port === line?.port);
    return master ?? Promise.reject(new Error(`Nobody has the slot of ${key}.`));
  }

  return {
    url: `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    servers,
    masterOf,
    cutReplication: cutReplicasOff,
    async failedOver(key, from) {
      await eventually(async () => (await masterOf(key)) !== from && (await isWhole(servers)));
      return masterOf(key);
    },
    advance(ms) {
      for (const server of servers) server.advance(ms);
    },
    stop,
  };
}

function clustered(options: RedisOptions, bus: number): RedisOptions {
  return replicating(
    options,
    "cluster-enabled yes",
    `cluster-port ${bus}`,
    `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
    "cluster-replica-validity-factor 0", // a replica that was cut off may take over as well
  );
}

async function join(servers: readonly RunningRedis[], buses: readonly number[]): Promise<void> {
  const [first, ...others] = servers;
  const masters = servers.slice(0, MASTERS);
  for (const server of servers) await letReplicasIn(server);
  for (const [n, master] of masters.entries()) {
    const from = Math.floor((n * SLOTS) / MASTERS);
    await master.command("CLUSTER", "ADDSLOTSRANGE", from, Math.floor(((n + 1) * SLOTS) / MASTERS) - 1);
    await master.command("CLUSTER", "SET-CONFIG-EPOCH", n + 1);
  }
  for (const other of others) await other.command("CLUSTER", "MEET", "127.0.0.1", first?.port ?? 0, buses[0] ?? 0);
  await eventually(() => isWhole(servers));
  const replicas = servers.slice(MASTERS);
  for (const [n, replica] of replicas.entries()) {
    const id = await masters[n]?.command("CLUSTER", "MYID");
    await eventually(async () => (await replica.command("CLUSTER", "REPLICATE", id ?? "")) === "OK");
  }
  await Promise.all(replicas.map(hasFollowed));
  await eventually(() => isWhole(servers));
}

/** Whether every server that answers knows all the others, and finds the cluster in order. */
async function isWhole(servers: readonly RunningRedis[]): Promise<boolean> {
  const infos = await Promise.all(servers.map((server) => server.command("CLUSTER", "INFO").catch(() => undefined)));
  return infos.every(
    (info) =>
      info === undefined ||
      (fieldOf(info, "cluster_state") === "ok" && Number(fieldOf(info, "cluster_known_nodes")) === servers.length),
  );
}

async function firstThatAnswers(servers: readonly RunningRedis[]): Promise<RunningRedis> {
  return Promise.any(
    servers.map(async (server) => {
      await server.command("PING");
      return server;
    }),
  );
}

interface ClusterNode {
  readonly port: number;
  readonly slots: readonly (readonly [first: number, last: number])[];
}

/** Lines of `CLUSTER NODES`: id, address, flags, master, ping, pong, epoch, link, slots. */
async function nodesOf(server: RunningRedis): Promise<ClusterNode[]> {
  const lines = (await server.command("CLUSTER", "NODES")).split("\n").filter(Boolean);
  return lines.map((line) => {
    const [, address = "", , , , , , , ...slots] = line.split(" ");
    return {
      port: Number(/:(\d+)@/.exec(address)?.[1]),
      slots: slots.filter((slot) => !slot.startsWith("[")).map(rangeOf),
    };
  });
}

function rangeOf(slots: string): readonly [number, number] {
  const [first = Number.NaN, last = first] = slots.split("-").map(Number);
  return [first, last];
}
