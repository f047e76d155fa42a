/** Which connections through a bad network are those on which a Redis client listens. */
import type { FaultConnection, FaultNetwork } from "../../../src/testing/index.ts";
import type { RunningRedis } from "./redis-server.ts";

/** Those that have subscribed to something in `redis`, which is behind `network`. The others carry commands. */
export async function subscriberConnections(
  network: FaultNetwork,
  redis: RunningRedis,
): Promise<readonly FaultConnection[]> {
  const list = await redis.command("CLIENT", "LIST", "TYPE", "pubsub");
  const ports = new Set([...list.matchAll(/ addr=127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)));
  return network.connections.filter(({ from }) => from !== undefined && ports.has(from));
}
