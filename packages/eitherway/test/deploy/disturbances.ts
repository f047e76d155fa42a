/** What happens to nodes and Redis while a crowd publishes: each resolves when all is as before. */
import { cutReplicasOff, hasFollowed, hasSent, letReplicasIn } from "../support/redis/redis-sentinel.ts";
import { eventually, type RunningRedis } from "../support/redis/redis-server.ts";
import type { Crowd } from "./crowd.ts";
import type { GuardedNode, GuardedNodes } from "./guarded-nodes.ts";

export const DISTURBANCES = [
  "a node killed",
  "two nodes killed",
  "a node cut off from Redis",
  "two nodes held off from Redis",
  "the replica cut off",
  "Redis restarted",
  "a failover",
  "a failover that loses writes",
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** After these every subscriber is told a gap, once. */
export const TELLING: readonly Disturbance[] = ["Redis restarted", "a failover", "a failover that loses writes"];

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
const WHILE_BROKEN = 40;
/** How long a node is alone: clients and other nodes go on meanwhile. */
const ALONE_MS = 3_000;

export function createDisturber({ system: { nodes, sentinel, prefix }, crowd, random }: DisturberOptions): Disturber {
  let lostWrites = 0;

  const pick = (count: number): readonly GuardedNode[] => {
    const first = Math.floor(random() * nodes.length);
    return Array.from({ length: count }, (_, n) => nodes[(first + n) % nodes.length] as GuardedNode);
  };

  async function someAnswered(): Promise<void> {
    const before = crowd.answered;
    await eventually(async () => crowd.answered >= before + WHILE_BROKEN);
  }

  async function killNodes(count: number): Promise<void> {
    const killed = pick(count);
    await Promise.all(killed.map(({ kill }) => kill()));
    await someAnswered();
    await Promise.all(killed.map(({ start }) => start()));
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
    await letReplicasIn(master);
    await Promise.all(replicasOf(master).map(hasFollowed));
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

  /** It has forgotten who may replicate it, and it may have lost its place meanwhile. */
  async function comeBack(server: RunningRedis): Promise<void> {
    await letReplicasIn(server);
    const master = await sentinel.master();
    if (master !== server) await server.command("REPLICAOF", "127.0.0.1", master.port);
    await Promise.all(replicasOf(master).map(hasFollowed));
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
          return killNodes(1);
        case "two nodes killed":
          return killNodes(2);
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

/** Of all logs. */
async function entriesOf(server: RunningRedis, prefix: string): Promise<number> {
  return Number(await server.command("EVAL", COUNT, 0, `${prefix}{*:log`));
}

const COUNT = `
local count = 0
for _, log in ipairs(redis.call('KEYS', ARGV[1])) do count = count + redis.call('XLEN', log) end
return count`;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
