/** A Redis of its own for one run: on a free port, nothing on disk. It ends with the program that started it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";
import { listenOnLoopback } from "./control.js";

/** Starts it and waits until it answers. */
export async function startRedis() {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  await once(child, "spawn");
  process.once("exit", () => child.kill("SIGKILL"));
  const client = new Redis(`redis://127.0.0.1:${port}`, { maxRetriesPerRequest: null });
  client.on("error", () => undefined); // not there yet: it tries again
  await client.ping();
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: /** @type {number} */ (child.pid),
    /** Bytes of what it keeps, as it counts them. */
    async bytes() {
      return Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
    },
  };
}

async function freePort() {
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  await once(server, "close");
  return port;
}
