/** What happens to nodes and Redis while a crowd publishes: each resolves when all is as before. */
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { cutReplicasOff, hasSent, letReplicasIn } from "../support/redis/redis-sentinel.ts";
import { eventually, fieldOf, type RunningRedis } from "../support/redis/redis-server.ts";
import { type Crowd, shuffled } from "./crowd.ts";
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
  /** Ends the crowd while only one node hears of its last messages: nothing comes after them that would show the others a hole. */
  end(): Promise<void>;
  /** Acknowledged messages that failovers took away. */
  readonly lostWrites: number;
}

interface DisturberOptions {
  readonly system: GuardedNodes;
  readonly crowd: Crowd;
  readonly random: () => number;
}

/** Publishes that are answered, or stored, while something is broken, before it is mended. */
const WHILE_BROKEN = 20;
/** How long a node is alone: clients and other nodes go on meanwhile. */
const ALONE_MS = 3_000;

export function createDisturber({ system: { nodes, sentinel, prefix }, crowd, random }: DisturberOptions): Disturber {
  let lostWrites = 0;

  const pick = (): { readonly one: GuardedNode; readonly others: readonly GuardedNode[] } => {
    const [one, ...others] = shuffled(nodes, random);
    return { one: one ?? expect.fail("there are no nodes"), others };
  };

  const someAnswered = (): Promise<void> => crowd.someAnswered(WHILE_BROKEN);

  async function killNode(): Promise<void> {
    const { one: node } = pick();
    await storeUnanswered(node);
    await node.kill();
    await node.gateway.heal();
    await someAnswered();
    await node.start();
  }

  async function cutOff(): Promise<void> {
    const { one: node } = pick();
    await storeUnanswered(node);
    await node.gateway.cut();
    await pause(ALONE_MS);
    await node.gateway.heal();
  }

  async function holdOff(): Promise<void> {
    const { others: alone } = pick();
    await Promise.all(alone.map(({ gateway }) => gateway.hold()));
    await pause(ALONE_MS);
    await Promise.all(alone.map(({ gateway }) => gateway.heal()));
  }

  /** What the node publishes is in Redis, and neither it nor a client will ever know: only keys tell that from what is not (P5). */
  async function storeUnanswered({ gateway }: GuardedNode): Promise<void> {
    await gateway.mute();
    const master = await sentinel.master();
    const before = await entriesOf(master, prefix);
    await eventually(async () => (await entriesOf(master, prefix)) >= before + WHILE_BROKEN);
  }

  async function end(): Promise<void> {
    const { one, others } = pick();
    for (const { gateway } of others) await gateway[random() < 0.5 ? "cut" : "hold"]();
    await crowd.publishLast(one);
    for (const { gateway } of others) await gateway.heal();
    await crowd.ended();
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
          return cutOff();
        case "two nodes held off from Redis":
          return holdOff();
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
    end,
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
