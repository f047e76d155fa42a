/** Three nodes over one Redis behind the proxies of `deploy/`, round-robin, while nodes and Redis are killed. */
import { connect as connectHttp2 } from "node:http2";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Client, createClient } from "../../src/client/index.node.ts";
import { isEitherwayError } from "../../src/protocol/index.ts";
import {
  type Content,
  createDeliveryLedger,
  createSeededRandom,
  type DeliveryLedger,
  DIALECTS,
  type Dialect,
} from "../../src/testing/index.ts";
import { newPrefix } from "../redis/broker-support.ts";
import { type RunningNode, startNode } from "../redis/node-process.ts";
import { eventually, type RunningRedis, startRedis } from "../support/redis/redis-server.ts";
import { type ProxyName, startProxy } from "./proxies.ts";

const SEED = 7;
const CHANNELS = 6;
/** Of each dialect on each channel. */
const READERS = 2;
const PUBLISHES = 1_000;
const PUBLISHING = 12;
const TIME_LIMIT_MS = 120_000;

beforeEach(() => vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0")); // the certificate is the test's own
afterEach(() => vi.unstubAllEnvs());

describe.each<ProxyName>(["nginx", "haproxy"])("behind %s as deploy/ has it", (name) => {
  test("three nodes, clients over every transport: what one publishes all get, whichever node they are on (P1, P2)", async () => {
    const { url, nodes } = await startSystem(name);
    const books = openBooks();
    const readers = await startReaders(url, books, 1, 2);
    const writers = Array.from({ length: 3 }, () => startClient(url, DIALECTS[0]));
    for (let n = 0; n < 30; n++) await publish(books, writers[n % 3], channelOf(n % 2), `${n}`);
    await eventually(async () => books.ledgers().every(({ complete }) => complete));
    for (const ledger of books.ledgers()) expect(ledger.verdict()).toMatchObject(NOTHING_WRONG);
    expect(readers.length).toBe(2 * DIALECTS.length);
    const counts = await Promise.all(nodes.map(({ links }) => links()));
    expect(counts.filter((count) => count > 0).length, `links of the nodes: ${counts}`).toBe(3);
  });

  test("a stream over HTTP/2 is handed on as it comes (P1)", async () => {
    const { url } = await startSystem(name);
    const session = connectHttp2(new URL(url).origin, { rejectUnauthorized: false });
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/eitherway/events?channel=h2", authorization: "Bearer ana" });
    let text = "";
    stream.on("data", (part: Buffer) => {
      text += part.toString();
    });
    const writer = startClient(url, DIALECTS[0]);
    await eventually(async () => text.length > 0);
    for (let n = 0; n < 5; n++) {
      await writer.channel("h2").publish(`message ${n}`);
      await eventually(async () => text.includes(`message ${n}`)); // before the next one is sent
    }
  });
});

test("three nodes behind nginx, clients over every transport, while nodes and Redis are killed and started: no acknowledged message is lost without a gap, none doubled, one order (P1, P2, P3, P4, P5)", {
  timeout: TIME_LIMIT_MS,
}, async () => {
  const { url, nodes, redis } = await startSystem("nginx");
  const random = createSeededRandom(SEED);
  const books = openBooks();
  const readers = await startReaders(url, books, READERS, CHANNELS);
  const writers = DIALECTS.flatMap((dialect) => Array.from({ length: 3 }, () => startClient(url, dialect)));
  const open = new Set<string>();
  let next = 0;

  async function write(writer: Client): Promise<void> {
    while (next < PUBLISHES) {
      const content = `${next++}`;
      open.add(content);
      await publish(books, writer, channelOf(Math.floor(random() * CHANNELS)), content);
      open.delete(content);
    }
  }

  /** What is on its way when Redis dies may be appended under one epoch and acknowledged under the next. */
  function doubt(): void {
    for (const content of open) for (let n = 0; n < CHANNELS; n++) books.uncertain(channelOf(n), content);
  }

  const writing = Promise.all(writers.slice(0, PUBLISHING).map(write));
  const reached = (share: number) => eventually(async () => next >= share * PUBLISHES);
  await reached(0.15);
  await killAndStart(pick(nodes, random), reached, 0.3);
  await reached(0.45);
  await killAndStart(pick(nodes, random), reached, 0.6);
  await reached(0.7);
  doubt();
  await redis.kill();
  doubt();
  await redis.start();
  await writing;
  doubt();

  const last = startClient(url, DIALECTS[0]);
  for (let n = 0; n < CHANNELS; n++) await publish(books, last, channelOf(n), END);
  await eventually(async () => readers.every(({ ended }) => ended()));
  report(books, readers);
  for (const ledger of books.ledgers()) expect(ledger.verdict()).toMatchObject(NOTHING_WRONG);
});

const NOTHING_WRONG = { lost: 0, doubled: 0, disordered: 0, altered: 0, strange: 0, findings: [] };
const END = "the end";

interface System {
  readonly url: string;
  readonly nodes: readonly RunningNode[];
  readonly redis: RunningRedis;
}

async function startSystem(proxy: ProxyName): Promise<System> {
  const redis = await startRedis({ durable: true });
  const settings = { url: redis.url, prefix: newPrefix() };
  const nodes = await Promise.all([startNode(settings), startNode(settings), startNode(settings)]);
  const { url } = await startProxy(
    proxy,
    nodes.map(({ port }) => port),
  );
  return { url, nodes, redis };
}

async function killAndStart(
  node: RunningNode,
  reached: (share: number) => Promise<void>,
  share: number,
): Promise<void> {
  await node.kill();
  await reached(share);
  await node.start();
}

interface Reader {
  readonly transport: string;
  /** Whether it has seen the last message of its channel. */
  ended(): boolean;
  readonly gaps: number;
}

/** `each` readers of every dialect on every channel, all of them live. */
async function startReaders(url: string, books: Books, each: number, channels: number): Promise<Reader[]> {
  const readers: Promise<Reader>[] = [];
  for (let channel = 0; channel < channels; channel++) {
    for (const dialect of DIALECTS) {
      for (let n = 0; n < each; n++) readers.push(startReader(url, books, dialect, channelOf(channel), n));
    }
  }
  return Promise.all(readers);
}

async function startReader(url: string, books: Books, dialect: Dialect, channel: string, n: number) {
  const handle = startClient(url, dialect).channel<Content>(channel);
  const reader = books.of(dialect.transport).reader(`${dialect.name} ${n}`, channel);
  let gaps = 0;
  let ended = false;
  handle.on("gap", ({ head }) => {
    gaps++;
    reader.gap(head);
  });
  handle.on("message", (data, { id }) => {
    reader.received(id, data);
    ended ||= data === END;
  });
  await new Promise<void>((resolve) => handle.on("live", () => resolve()));
  return {
    transport: dialect.transport,
    ended: () => ended,
    get gaps() {
      return gaps;
    },
  };
}

async function publish(books: Books, writer: Client | undefined, channel: string, content: string): Promise<void> {
  try {
    const receipt = await writer?.channel(channel).publish(content);
    if (receipt) books.acked(channel, receipt.id, content);
  } catch (error) {
    if (!isEitherwayError(error) || error.code !== "outcome-unknown") throw error;
    books.uncertain(channel, content);
  }
}

function startClient(url: string, dialect: Dialect | undefined): Client {
  const { transport, framing } = dialect ?? expect.fail("there is no such dialect");
  const client = createClient({ url, token: "ana", transport, framing });
  onTestFinished(() => client.close());
  return client;
}

/** A ledger of each transport: what is acknowledged stands in all of them. */
interface Books extends Pick<DeliveryLedger, "acked" | "uncertain"> {
  of(transport: string): DeliveryLedger;
  ledgers(): readonly DeliveryLedger[];
}

function openBooks(): Books {
  const byTransport = new Map(DIALECTS.map(({ transport }) => [transport as string, createDeliveryLedger()]));
  const ledgers = [...byTransport.values()];
  return {
    of: (transport) => byTransport.get(transport) ?? expect.fail(`there is no transport ${transport}`),
    ledgers: () => ledgers,
    acked(...given) {
      for (const ledger of ledgers) ledger.acked(...given);
    },
    uncertain(...given) {
      for (const ledger of ledgers) ledger.uncertain(...given);
    },
  };
}

function report(books: Books, readers: readonly Reader[]): void {
  for (const transport of new Set(readers.map((reader) => reader.transport))) {
    const own = readers.filter((reader) => reader.transport === transport);
    const gaps = own.reduce((sum, reader) => sum + reader.gaps, 0);
    const { expected, received, declared } = books.of(transport).verdict();
    process.stdout.write(
      `nodes: ${transport}: ${own.length} readers, expected ${expected}, received ${received}; ${gaps} gaps declared ${declared}\n`,
    );
  }
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] ?? expect.fail("there is nothing to pick from");
}

function channelOf(n: number): string {
  return `room/${n}`;
}
