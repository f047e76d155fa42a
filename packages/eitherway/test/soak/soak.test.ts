/** Thousands of clients of all transports, a million deliveries and thousands of cuts: nothing lost, doubled or left behind. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type Client, createClient } from "../../src/client/index.node.ts";
import {
  createDeliveryLedger,
  createSeededRandom,
  type DeliveryLedger,
  DIALECTS,
  type Dialect,
} from "../../src/testing/index.ts";
import { type Answer, numberOf, type SoakServer, soakMessage } from "./soak-protocol.ts";

interface Plan {
  readonly channels: number;
  /** Subscribers of each channel by dialect name. */
  readonly subscribers: Readonly<Record<string, number>>;
  readonly publishesPerChannel: number;
  readonly cuts: number;
}

/** 800 WebSockets, 600 streams, 600 polls; 100,000 publishes to 10 subscribers each. */
const SOAK: Plan = {
  channels: 200,
  subscribers: { "websocket json": 2, "websocket binary": 2, sse: 3, poll: 3 },
  publishesPerChannel: 500,
  cuts: 3_000,
};
const DELIVERIES = 1_000_000;

/** Brings code, caches and pools of the server to where they stay. */
const WARM_UP: Plan = { ...SOAK, channels: 20, publishesPerChannel: 100, cuts: 60 };

/** More than one channel gets in the soak, so that nothing is trimmed before the slowest has it. */
const KEPT = 600;

/** What one client sends at a time, as an editor or a game does. */
const BATCH = 25;
/** Clients that publish at the same time. */
const PUBLISHING = 24;
const CONNECTING = 100;
/** Below the commands that a client may have unanswered on one channel. */
const FILLING = 200;

/** The key window and more. */
const FORGET_MS = 6 * 60_000;

/** For the last deliveries, once every publish has its receipt: the longest backoff and a replay. */
const LAST_DELIVERIES_MS = 40_000;

const LIMIT_MS = 150_000;
const HEAP_SHARE = 1.05;
const HEAP_SLACK_BYTES = 2 * 1024 * 1024;

test("soak over websocket, sse and poll with 3,000 cuts: every delivery once, in order, and no memory is kept (P1, P2, P3, P5, P6)", {
  timeout: LIMIT_MS,
}, async () => {
  const seed = Number(process.env.SOAK_SEED ?? Math.floor(performance.timeOrigin % 1e9));
  console.info(`soak: SOAK_SEED=${seed} repeats its choices`);
  const server = startServer();
  const { url } = await server.start({ seed, kept: KEPT });

  const resting = { forgetMs: FORGET_MS, channel: "soak/0" };

  await run(WARM_UP, { url, server, seed });
  await fill(url);
  const before = await server.rest(resting);

  const result = await run(SOAK, { url, server, seed });
  for (const line of result.report) console.info(line);
  const after = await server.rest(resting);
  console.info(`soak: server heap ${mib(before.heapBytes)} before, ${mib(after.heapBytes)} after`);

  expect(result.verdict).toMatchObject({
    expected: DELIVERIES,
    received: DELIVERIES,
    ...{ declared: 0, lost: 0, doubled: 0, disordered: 0, altered: 0, strange: 0, findings: [] },
  });
  expect(result.holes).toBe(0);
  expect(result.cuts).toBe(SOAK.cuts);
  expect(after).toMatchObject({
    stats: {
      ...{ links: 0, subscriptions: { reading: 0, live: 0, lagging: 0 }, watched: 0, timers: 0, unflushedBytes: 0 },
      broker: { channels: SOAK.channels, keys: 0 },
    },
  });
  expect(after.heapBytes).toBeLessThanOrEqual(before.heapBytes * HEAP_SHARE + HEAP_SLACK_BYTES);
  await server.stop();
});

/** Logs that are full before are as large after: what is more then was left behind by links. */
async function fill(url: string): Promise<void> {
  const client = createClient({ url, transport: "websocket" });
  for (let n = 0; n < SOAK.channels; n++) {
    const channel = client.channel(`soak/${n}`);
    for (let from = 0; from < KEPT; from += FILLING) {
      await Promise.all(Array.from({ length: FILLING }, (_, i) => channel.publish(soakMessage(from + i))));
    }
  }
  await client.close();
}

// --- load ---

interface RunOptions {
  readonly url: string;
  readonly server: SoakServer;
  readonly seed: number;
}

interface Subscriber {
  readonly client: Client;
  readonly channel: string;
  readonly transport: Dialect["transport"];
}

async function run(plan: Plan, { url, server, seed }: RunOptions) {
  const start = performance.now();
  const ledger = createDeliveryLedger();
  const random = createSeededRandom(seed);
  const progress = createProgress(plan);
  const subscribers = await connectAll(plan, url, ledger, progress);
  const connected = performance.now();

  const batches = shuffled(batchesOf(plan, subscribers), random);
  const total = batches.length;
  let cuts = 0;
  let cutsAsked = 0;
  await inParallel(PUBLISHING, async () => {
    for (let batch = batches.pop(); batch; batch = batches.pop()) {
      await publish(batch, ledger);
      const due = Math.floor((plan.cuts * (total - batches.length)) / total) - cutsAsked;
      if (due <= 0) continue;
      cutsAsked += due;
      const cut = await server.cut({ count: due });
      cuts += cut;
    }
  });
  await progress.done;
  const finished = performance.now();

  const holes = subscribers.reduce((sum, { client }) => sum + client.status.holes, 0);
  const links = subscribers.reduce((sum, { client }) => sum + client.status.links, 0);
  await Promise.all(subscribers.map(({ client }) => client.close()));
  const seconds = (from: number, to: number): string => `${((to - from) / 1_000).toFixed(1)} s`;
  return {
    verdict: ledger.verdict(),
    holes,
    cuts,
    report: [
      ...progress.report(),
      `soak: ${cuts} cuts, ${links} links opened by ${subscribers.length} clients`,
      `soak: connected in ${seconds(start, connected)}, delivered in ${seconds(connected, finished)}`,
    ],
  };
}

async function connectAll(
  plan: Plan,
  url: string,
  ledger: DeliveryLedger,
  progress: Progress,
): Promise<readonly Subscriber[]> {
  const waiting: { channel: string; dialect: Dialect }[] = [];
  for (let n = 0; n < plan.channels; n++) {
    for (const dialect of DIALECTS) {
      for (let i = 0; i < (plan.subscribers[dialect.name] ?? 0); i++) waiting.push({ channel: `soak/${n}`, dialect });
    }
  }
  const subscribers: Subscriber[] = [];
  await inParallel(CONNECTING, async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { channel, dialect } = next;
      const { transport, framing } = dialect;
      const client = createClient({ url, transport, framing });
      onTestFinished(() => client.close());
      const handle = client.channel(channel);
      const reader = ledger.reader(`${dialect.name} ${subscribers.length}`, channel);
      handle.on("gap", ({ head }) => reader.gap(head));
      handle.on("message", (data, { id }) => {
        reader.received(id, numberOf(data));
        progress.received(transport, reader.count);
      });
      await new Promise<unknown>((resolve) => handle.on("live", resolve));
      subscribers.push({ client, channel, transport });
    }
  });
  return subscribers;
}

interface Batch {
  readonly subscriber: Subscriber;
  readonly from: number;
}

/** Every subscriber publishes its share, so publishes travel over all transports. */
function batchesOf(plan: Plan, subscribers: readonly Subscriber[]): Batch[] {
  const batches: Batch[] = [];
  const nextOf = new Map<string, number>();
  const rounds = plan.publishesPerChannel / BATCH;
  const perChannel = Object.values(plan.subscribers).reduce((sum, count) => sum + count, 0);
  for (const subscriber of subscribers) {
    for (let i = 0; i < rounds / perChannel; i++) {
      const from = nextOf.get(subscriber.channel) ?? 0;
      nextOf.set(subscriber.channel, from + BATCH);
      if (from < plan.publishesPerChannel) batches.push({ subscriber, from });
    }
  }
  return batches;
}

async function publish({ subscriber: { client, channel }, from }: Batch, ledger: DeliveryLedger): Promise<void> {
  const handle = client.channel(channel);
  const numbers = Array.from({ length: BATCH }, (_, i) => from + i);
  await Promise.all(
    numbers.map(async (n) => {
      const { id } = await handle.publish(soakMessage(n));
      ledger.acked(channel, id, n);
    }),
  );
}

// --- progress ---

interface Progress {
  /** A client of this transport has so many messages now. */
  received(transport: string, count: number): void;
  /** Resolves when all have all, or when nothing has come for too long: the verdict tells. */
  readonly done: Promise<void>;
  report(): readonly string[];
}

function createProgress(plan: Plan): Progress {
  const expected: Record<string, number> = {};
  for (const { name, transport } of DIALECTS) {
    const readers = plan.channels * (plan.subscribers[name] ?? 0);
    expected[transport] = (expected[transport] ?? 0) + readers * plan.publishesPerChannel;
  }
  const received: Record<string, number> = {};
  let missing = Object.values(expected).reduce((sum, count) => sum + count, 0);
  let resolveDone = (): void => {};
  const done = new Promise<void>((resolve) => {
    resolveDone = resolve;
  });
  let deadline = setTimeout(resolveDone, LIMIT_MS);
  return {
    received(transport, count) {
      received[transport] = (received[transport] ?? 0) + 1;
      if (count <= plan.publishesPerChannel) missing--;
      if (missing === 0) {
        clearTimeout(deadline);
        resolveDone();
      } else if (missing % 1_000 === 0) {
        clearTimeout(deadline);
        deadline = setTimeout(resolveDone, LAST_DELIVERIES_MS);
      }
    },
    done,
    report: () =>
      Object.entries(expected).map(
        ([transport, count]) => `soak: ${transport}: expected ${count}, received ${received[transport] ?? 0}`,
      ),
  };
}

// --- the server's process ---

function startServer(): SoakServer {
  const program = fileURLToPath(new URL("./soak-server.ts", import.meta.url));
  const loader = new URL("./typescript-loader.js", import.meta.url).href;
  const child = fork(program, [], { execArgv: ["--expose-gc", "--import", loader] });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    if (child.connected) child.disconnect();
    await exited;
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 0;
  child.on("message", ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(new Error(error));
  });
  child.on("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the server ended with ${code}`));
  });
  const ask =
    (name: keyof SoakServer) =>
    (options?: unknown): Promise<never> =>
      new Promise((resolve, reject) => {
        waiting.set(nextId, { resolve: resolve as (value: unknown) => void, reject });
        child.send({ id: nextId++, ask: name, options });
      });
  return { start: ask("start"), cut: ask("cut"), rest: ask("rest"), stop: ask("stop") };
}

// --- small things ---

async function inParallel(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
