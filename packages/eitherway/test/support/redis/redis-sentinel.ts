/** A master with its replicas, and sentinels that watch them: real ones, quick to decide. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { freePort } from "../../node/support.ts";
import {
  createProgram,
  eventually,
  fieldOf,
  launchRedis,
  type Program,
  type RedisOptions,
  type RunningRedis,
  redisCli,
} from "./redis-server.ts";

export interface SentinelOptions extends RedisOptions {
  /** Default: 1. */
  readonly replicas?: number;
}

export interface RunningSentinel {
  /** `redis+sentinel://127.0.0.1:<port>,…/<name>` */
  readonly url: string;
  /** What the sentinels call the master. */
  readonly name: string;
  /** Ports of the sentinels, on 127.0.0.1. */
  readonly ports: readonly number[];
  /** The first of them began as the master. */
  readonly servers: readonly RunningRedis[];
  /** Who is master now, as the sentinels say. */
  master(): Promise<RunningRedis>;
  /** From now on nothing that `server` is told reaches its replicas, while clients and sentinels notice nothing. */
  cutReplication(server: RunningRedis): Promise<void>;
  /** Resolves when the sentinels have made another one the master, and it takes writes. */
  failedOver(from: RunningRedis): Promise<RunningRedis>;
  stop(): Promise<void>;
}

const SENTINELS = 3;
const QUORUM = 2;
/** No replica is promoted that had been cut off for ten times as long when its master died: on a busy machine a test takes some of it. */
const DOWN_AFTER_MS = 1_500;
const FAILOVER_TIMEOUT_MS = 3_000;
const NAME = "main";

/** Starts them until the test is over. */
export async function startSentinel(options: SentinelOptions = {}): Promise<RunningSentinel> {
  const sentinel = await launchSentinel(options);
  onTestFinished(sentinel.stop);
  return sentinel;
}

/** Starts them until they are stopped. */
export async function launchSentinel({ replicas = 1, ...options }: SentinelOptions = {}): Promise<RunningSentinel> {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-sentinel-"));
  const servers: RunningRedis[] = [];
  const sentinels: (Program & { readonly port: number })[] = [];

  const stop = async (): Promise<void> => {
    await Promise.all([...sentinels.map(({ kill }) => kill()), ...servers.map((server) => server.stop())]);
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const first = await launchRedis(replicating(options));
    servers.push(first);
    for (let n = 0; n < replicas; n++) {
      servers.push(await launchRedis(replicating(options, `replicaof 127.0.0.1 ${first.port}`)));
    }
    for (const server of servers) await letReplicasIn(server);
    await Promise.all(servers.slice(1).map(hasFollowed));
    for (let n = 0; n < SENTINELS; n++) sentinels.push(await launchOne(folder, first.port));
    await Promise.all(sentinels.map(({ port }) => eventually(() => knowsAll(port, replicas))));
  } catch (cause) {
    await stop();
    throw cause;
  }

  const ports = sentinels.map(({ port }) => port);

  async function master(): Promise<RunningRedis> {
    const [, port] = (await redisCli(ports[0] ?? 0, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)).split("\n");
    return servers.find((server) => server.port === Number(port)) ?? Promise.reject(new Error(`Unknown: ${port}`));
  }

  return {
    url: `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(",")}/${NAME}`,
    name: NAME,
    ports,
    servers,
    master,
    cutReplication: cutReplicasOff,
    async failedOver(from) {
      let next = from;
      await eventually(async () => {
        next = await master();
        return next !== from && fieldOf(await next.command("INFO", "replication"), "role") === "master";
      });
      return next;
    },
    stop,
  };
}

async function launchOne(folder: string, master: number): Promise<Program & { readonly port: number }> {
  const port = await freePort();
  const file = join(folder, `${port}.conf`);
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${master} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const program = createProgram("redis-sentinel", [file], { port });
  await program.start();
  return { ...program, port };
}

async function knowsAll(sentinel: number, replicas: number): Promise<boolean> {
  const fields = (await redisCli(sentinel, "SENTINEL", "MASTER", NAME)).split("\n");
  const value = (name: string): number => Number(fields[fields.indexOf(name) + 1]);
  return value("num-slaves") === replicas && value("num-other-sentinels") === SENTINELS - 1;
}

/** Replicas come as a user of their own, so that a test can shut them out and nobody else. */
const REPLICA_USER = "replica";
const REPLICA_PASSWORD = "replica";

/** Options of a server that replicates, or is to be replicated. */
export function replicating(options: RedisOptions, ...config: readonly string[]): RedisOptions {
  const shared = [`masteruser ${REPLICA_USER}`, `masterauth ${REPLICA_PASSWORD}`, "repl-diskless-sync-delay 0"];
  return { ...options, config: [...shared, ...config, ...(options.config ?? [])] };
}

export async function letReplicasIn(server: RunningRedis): Promise<void> {
  await server.command("ACL", "SETUSER", REPLICA_USER, "on", `>${REPLICA_PASSWORD}`, "+psync", "+replconf", "+ping");
}

export async function cutReplicasOff(server: RunningRedis): Promise<void> {
  await server.command("ACL", "SETUSER", REPLICA_USER, "off");
  await server.command("CLIENT", "KILL", "TYPE", "replica");
}

/** Resolves when a replica has all that its master has. */
export async function hasFollowed(replica: RunningRedis): Promise<void> {
  await eventually(async () => {
    const info = await replica.command("INFO", "replication");
    return fieldOf(info, "master_link_status") === "up" && fieldOf(info, "master_sync_in_progress") === "0";
  });
}

/** Resolves when a replica of `master` has acknowledged all that it was told until now. */
export async function hasSent(master: RunningRedis): Promise<void> {
  const told = Number(fieldOf(await master.command("INFO", "replication"), "master_repl_offset"));
  await eventually(async () => {
    const replica = fieldOf(await master.command("INFO", "replication"), "slave0") ?? "";
    return /state=online/.test(replica) && Number(/offset=(\d+)/.exec(replica)?.[1]) >= told;
  });
}
