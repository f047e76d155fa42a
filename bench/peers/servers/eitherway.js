/** Eitherway as it comes, all promises on: the built package, its defaults, its public API. */
import cluster from "node:cluster";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_LIMITS, eitherway } from "eitherway";
import { fail, listenOnLoopback, options, serve } from "./control.js";

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
  const { startWorkers } = await import("eitherway/workers");
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
  if (redisUrl !== undefined) return (await import("./nodes.js")).serveOnly(port);
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

/** None: the one in memory. Each loads what it needs, and no other server has the cost of it. */
async function chooseBroker() {
  switch (redisUrl !== undefined || nodes > 1 ? "redis" : brokerName) {
    case undefined:
      return {};
    case "workers":
      return { create: (await import("eitherway/workers")).primaryBroker(), pids: [process.ppid] };
    case "redis": {
      const [{ redis }, { url, ...others }] = await Promise.all([import("eitherway/redis"), findRedis()]);
      return { create: redis(url), ...others };
    }
    default:
      return { create: (await import("eitherway/file")).file(temporaryFolder(), { fsync: fsyncOf(brokerName ?? "") }) };
  }
}

/** Of the node that started this one, or one of its own. */
async function findRedis() {
  if (redisUrl !== undefined) return { url: redisUrl };
  if (nodes > 1) return (await import("./nodes.js")).startNodes(nodes);
  const store = await (await import("./redis.js")).startRedis();
  return { url: store.url, store };
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
