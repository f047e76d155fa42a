/** Eitherway as it comes, all promises on: the built package, its defaults, its public API. */
import cluster from "node:cluster";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_LIMITS, eitherway } from "eitherway";
import { file } from "eitherway/file";
import { redis } from "eitherway/redis";
import { primaryBroker, startWorkers } from "eitherway/workers";
import { fail, listenOnLoopback, options, serve } from "./control.js";
import { serveOnly, startNodes } from "./nodes.js";
import { startRedis } from "./redis.js";

const {
  links,
  channels,
  heartbeatMs,
  attached,
  nodes = 1,
  redisUrl,
  broker: brokerName,
} = /** @type {typeof options & { redisUrl?: string, broker?: string }} */ (options);
const countsMemory = options.scenario === "kept"; // elsewhere a set of promises would be a cost of nobody's
const limits = {
  // Only what the scenario needs is raised, and nothing is lowered.
  links: Math.max(links, DEFAULT_LIMITS.links),
  addressLinks: Math.max(links, DEFAULT_LIMITS.addressLinks), // all of them come from this machine
  channels: Math.max(channels, DEFAULT_LIMITS.channels),
};

if (brokerName === "workers" && cluster.isPrimary) {
  await startWorkers({ count: 1, limits });
  process.stdin.on("end", () => process.exit(0)).resume();
} else await main();

async function main() {
  const { create, ...surroundings } = await chooseBroker();
  /** @type {import("eitherway").Broker | undefined} */
  let broker;
  const ew = eitherway({
    limits,
    pingMs: heartbeatMs,
    broker:
      create &&
      ((/** @type {import("eitherway").BrokerParts} */ parts) => {
        broker = create(parts);
        return broker;
      }),
  });
  const port = attached ? await attach(ew) : (await ew.listen({ port: 0 })).port;
  if (redisUrl !== undefined) return serveOnly(port);
  /** @type {Set<Promise<unknown>>} */
  const underWay = new Set();
  await serve({
    port,
    ...surroundings,
    publish(channel, message) {
      const published = ew.publish(channel, message).catch(fail);
      if (!countsMemory) return;
      underWay.add(published);
      void published.then(() => underWay.delete(published));
    },
    settled: () => Promise.all(underWay),
    watch: create && ((channel) => broker?.watch(channel, () => undefined)),
    async cursor(channel) {
      const history = await fetch(`http://127.0.0.1:${port}/eitherway/channels/${channel}?limit=1`);
      const { head } = /** @type {{ head: string | null }} */ (await history.json());
      return head ?? "";
    },
  });
}

/** None: the one in memory. */
async function chooseBroker() {
  if (redisUrl !== undefined) return { create: redis(redisUrl) };
  if (nodes > 1) {
    const { url, ...others } = await startNodes(nodes);
    return { create: redis(url), ...others };
  }
  switch (brokerName) {
    case undefined:
      return {};
    case "workers":
      return { create: primaryBroker(), pids: [process.ppid] };
    case "redis": {
      const store = await startRedis();
      return { create: redis(store.url), store };
    }
    default:
      return { create: file(temporaryFolder(), { fsync: fsyncOf(brokerName) }) };
  }
}

/** @param {string} name file-always, ... */
function fsyncOf(name) {
  return /** @type {"always" | "interval" | "never"} */ (name.replace("file-", ""));
}

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-bench-data-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param {import("eitherway").NodeEitherway} ew */
function attach(ew) {
  const server = createServer((_request, response) => response.end("the application"));
  ew.attach(server);
  return listenOnLoopback(server);
}
