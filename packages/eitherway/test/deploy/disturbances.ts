/** What happens to nodes and Redis while a crowd publishes: each resolves when all is as before. */
import { setTimeout as pause } from "node:timers/promises";
import { cutReplicasOff, hasSent, letReplicasIn } from "../support/redis/redis-sentinel.ts";
import { eventually, fieldOf, type RunningRedis } from "../support/redis/redis-server.ts";
import type { Crowd } from "./crowd.ts";
import type { GuardedNode, GuardedNodes } from "./guarded-nodes.ts";

export const DISTURBANCES = [
  "a node killed",
  "a node cut off from Redis",
  "two nodes held off from Redis",
  "the replica cut off",
  "Redis restarted",
  "a failover",
  "a failover that loses writes",
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

export interface Disturber {
  disturb(what: Disturbance): Promise<void>;
  /** Acknowledged messages that failovers took away. */
  readonly lostWrites: number;
}

interface DisturberOptions {
  readonly system: GuardedNodes;
  readonly crowd: Crowd;
  readonly random: () => number;
}

/** Publishes that are answered while something is broken, before it is mended. */
const WHILE_BROKEN = 20;
/** How long a node is alone: clients and other nodes go on meanwhile. */
const ALONE_MS = 3_000;

export function createDisturber({ system: { nodes, sentinel, prefix }, crowd, random }: DisturberOptions): Disturber {
  let lostWrites = 0;

  const pick = (count: number): readonly GuardedNode[] => {
    const first = Math.floor(random() * nodes.length);
    return Array.from({ length: count }, (_, n) => nodes[(first + n) % nodes.length] as GuardedNode);
  };

  const someAnswered = (): Promise<void> => crowd.someAnswered(WHILE_BROKEN);

  async function killNode(): Promise<void> {
    const [node] = pick(1);
    await node?.kill();
    await someAnswered();
    await node?.start();
  }

  async function cutOff(count: number, how: "cut" | "hold"): Promise<void> {
    const alone = pick(count);
    await Promise.all(alone.map(({ gateway }) => gateway[how]()));
    await pause(ALONE_MS);
    await Promise.all(alone.map(({ gateway }) => gateway.heal()));
  }

  async function cutReplica(): Promise<void> {
    const master = await sentinel.master();
    await cutReplicasOff(master);
    await someAnswered();
    await comeBack(master);
  }

  async function restart(): Promise<void> {
    const master = await sentinel.master();
    crowd.doubt();
    await master.kill();
    await master.start();
    await someAnswered();
    crowd.undoubt();
    await comeBack(master);
  }

  async function failOver(loses: boolean): Promise<void> {
    const master = await sentinel.master();
    await hasSent(master);
    if (loses) {
      await cutReplicasOff(master);
      await someAnswered();
    }
    crowd.doubt();
    if (loses) lostWrites += await ahead(master);
    await master.kill();
    await sentinel.failedOver(master);
    await someAnswered();
    crowd.undoubt();
    await master.start();
    await comeBack(master);
  }

  /** A server that was started again forgot who may replicate it, and it may lose its place to another one even then. */
  async function comeBack(server: RunningRedis): Promise<void> {
    await letReplicasIn(server);
    await eventually(async () => {
      const master = await sentinel.master();
      if (master !== server) await server.command("REPLICAOF", "127.0.0.1", master.port); // sooner than the Sentinels would
      const others = await Promise.all(replicasOf(master).map((replica) => follows(replica, master)));
      return others.every(Boolean);
    });
  }

  /** How many entries it has that no other has. */
  async function ahead(master: RunningRedis): Promise<number> {
    const others = await Promise.all(replicasOf(master).map((replica) => entriesOf(replica, prefix)));
    return (await entriesOf(master, prefix)) - Math.max(...others);
  }

  function replicasOf(master: RunningRedis): readonly RunningRedis[] {
    return sentinel.servers.filter((server) => server !== master);
  }

  return {
    get lostWrites() {
      return lostWrites;
    },
    disturb: (what) => {
      switch (what) {
        case "a node killed":
          return killNode();
        case "a node cut off from Redis":
          return cutOff(1, "cut");
        case "two nodes held off from Redis":
          return cutOff(2, "hold");
        case "the replica cut off":
          return cutReplica();
        case "Redis restarted":
          return restart();
        case "a failover":
          return failOver(false);
        case "a failover that loses writes":
          return failOver(true);
      }
    },
  };
}

/** Whether it has all that the master has. */
async function follows(replica: RunningRedis, master: RunningRedis): Promise<boolean> {
  const info = await replica.command("INFO", "replication");
  const of = (name: string): string | undefined => fieldOf(info, name);
  return (
    Number(of("master_port")) === master.port &&
    of("master_link_status") === "up" &&
    of("master_sync_in_progress") === "0"
  );
}

/** Of all logs. */
async function entriesOf(server: RunningRedis, prefix: string): Promise<number> {
  return Number(await server.command("EVAL", COUNT, 0, `${prefix}{*:log`));
}

const COUNT = `
local count = 0
for _, log in ipairs(redis.call('KEYS', ARGV[1])) do count = count + redis.call('XLEN', log) end
return count`;
