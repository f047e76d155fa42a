/**
 * Several nodes of one server program over one Redis. The process that was started is the first of them: it publishes what it is told
 * to, and no client connects to it. The others only serve clients.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { options } from "./control.js";
import { startRedis } from "./redis.js";

/**
 * What `serve` needs to know of the others, from the process that was started; it ends them with itself.
 * @param {number} nodes
 */
export async function startNodes(nodes) {
  const redis = await startRedis();
  const others = await Promise.all(Array.from({ length: nodes - 1 }, () => startNode(redis.url)));
  return { url: redis.url, ports: others.map(({ port }) => port), pids: others.map(({ pid }) => pid), store: redis };
}

/** A node that the first one started says where it listens, and ends with it. @param {number} port */
export function serveOnly(port) {
  process.once("disconnect", () => process.exit(0));
  process.send?.(port);
}

/** @param {string} redisUrl */
async function startNode(redisUrl) {
  const child = fork(/** @type {string} */ (process.argv[1]), [JSON.stringify({ ...options, redisUrl })], {
    execArgv: process.execArgv,
  });
  const [port] = await once(child, "message");
  return { port: Number(port), pid: /** @type {number} */ (child.pid) };
}
