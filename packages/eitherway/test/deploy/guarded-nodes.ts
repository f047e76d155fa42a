/** Three nodes over a Redis with Sentinels, each with a gateway of its own, behind nginx as `deploy/` has it. */
import { newPrefix } from "../redis/broker-support.ts";
import { type RunningNode, startNode } from "../redis/node-process.ts";
import { type RunningSentinel, startSentinel } from "../support/redis/redis-sentinel.ts";
import { type Gateway, openGateway } from "./gateway.ts";
import { startProxy } from "./proxies.ts";

export interface GuardedNode extends RunningNode {
  readonly gateway: Gateway;
}

export interface GuardedNodes {
  /** What clients connect to. */
  readonly url: string;
  readonly nodes: readonly GuardedNode[];
  readonly sentinel: RunningSentinel;
  readonly prefix: string;
}

const NODES = 3;

export async function startGuardedNodes(): Promise<GuardedNodes> {
  const sentinel = await startSentinel({ durable: true });
  const prefix = newPrefix();
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async () => {
      const gateway = await openGateway(sentinel);
      return { ...(await startNode({ url: gateway.url, natMap: gateway.natMap, prefix })), gateway };
    }),
  );
  const { url } = await startProxy(
    "nginx",
    nodes.map(({ port }) => port),
  );
  return { url, nodes, sentinel, prefix };
}
