/**
 * 10,000 updates a second over 100 collapse keys, for 100 readers, one of which is frozen and one slow. The readers know nothing of the
 * client: they parse JSON, and add up ids and `n` as PROTOCOL.md says (J3, J4, C3, D6).
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { channel, contract, latest } from "../../src/contract/index.ts";
import { DEFAULT_LIMITS } from "../../src/core/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { witnessed } from "../support/witness.ts";

const READERS = 100;
/** Of the others every third has an event stream. */
const FROZEN = 0;
const SLOW = 1;
const KEYS = 100;
const PER_SECOND = 10_000;
const TURN_MS = 10;
const MOST_SECONDS = 10;
/** A run and the head of its frame: what may be written to a link that was not full before. */
const LAST_WRITE = 65 * 1024 + 4_096;

const tick = z.object({ symbol: z.string(), price: z.number(), note: z.string() });
const pricesWith = (every?: string) =>
  channel("prices", {
    events: {
      tick: latest(tick, { key: ({ symbol }) => symbol, ...(every !== undefined && { every }) }),
      trade: z.object({ n: z.number() }),
    },
    history: { max: 200_000, bytes: "200mb" },
  });

const orders = channel("orders", { events: { order: z.object({ n: z.number() }) } });

test("with a window each reader ends with the newest value of every key, and reliable messages are complete (P1, P2, P6, P7)", async () => {
  const published = await play("100ms", 2, "x".repeat(3_000));
  expect(published.replaced).toBeGreaterThan(0);
  // At once, and then in each window, of which there are fewer when the machine is slow.
  expect(published.ticks).toBeLessThanOrEqual(KEYS * (2 + published.seconds * 10));
}, 120_000);

test("without a window each reader ends with the newest value of every key, and reliable messages are complete (P1, P2, P6, P7)", async () => {
  const published = await play(undefined, 1, "x".repeat(600));
  expect(published.ticks).toBe(published.updates);
  expect(published.replaced).toBe(0);
}, 120_000);

async function play(every: string | undefined, seconds: number, note: string) {
  const ew = eitherway(contract({ prices: pricesWith(every), orders }), {
    logger: witnessed(),
  });
  const { port, mostHeld } = await serve(ew);
  const readers = Array.from({ length: READERS }, (_, i) => openReader(port, i));
  await until(() => readers.every(({ live }) => live.size === 2));
  readers[FROZEN]?.hold();
  const stopSlowing = slowDown(readers[SLOW]);

  const began = performance.now();
  const results: Promise<unknown>[] = [];
  let updates = 0;
  let turns = 0;
  let held = 0;
  // How much the system takes for the frozen reader is its own affair: it goes on until that link is full.
  const isFilled = () => (ew.stats().counters["links.filled"] ?? 0) > 0;
  while (updates < PER_SECOND * seconds || (!isFilled() && updates < PER_SECOND * MOST_SECONDS)) {
    for (let i = 0; i < (PER_SECOND * TURN_MS) / 1_000; i++, updates++) {
      results.push(ew.publish("prices", "tick", { symbol: `s${(updates * 7) % KEYS}`, price: updates, note }));
    }
    results.push(ew.publish("prices", "trade", { n: turns }), ew.publish("orders", "order", { n: turns }));
    turns++;
    await sleep(TURN_MS);
    const { windowBytes, unflushedBytes, broker } = ew.stats();
    expect(windowBytes).toBeLessThanOrEqual(DEFAULT_LIMITS.windowBytes);
    expect(unflushedBytes).toBeLessThanOrEqual(DEFAULT_LIMITS.unflushedBytes);
    expect(broker.logBytes).toBeLessThanOrEqual(DEFAULT_LIMITS.logBytes);
    held = Math.max(held, mostHeld());
  }
  await Promise.all(results);
  const took = (performance.now() - began) / 1_000;
  const { counters } = ew.stats();
  expect(isFilled(), "the frozen reader was one").toBe(true);
  expect(held).toBeLessThanOrEqual(DEFAULT_LIMITS.linkBytes + LAST_WRITE);
  readers[FROZEN]?.release();
  stopSlowing();

  const everyTurn = Array.from({ length: turns }, (_, n) => n);
  await until(() => readers.every(({ trades, orders }) => trades.length >= turns && orders.length >= turns));
  // Of the last updates each is of another key.
  await until(() =>
    readers.every(({ prices }) => prices.size === KEYS && Math.min(...prices.values()) >= updates - KEYS),
  );
  for (const reader of readers) {
    expect(reader.defects).toEqual([]);
    expect([reader.trades, reader.orders]).toEqual([everyTurn, everyTurn]);
  }
  const ticks = (counters["messages.published"] ?? 0) - 2 * turns;
  return { updates, ticks, replaced: counters["latest.replaced"] ?? 0, seconds: took };
}

/** Behind a server of its own, so that what waits in each socket can be seen. */
async function serve(ew: { attach(server: Server): unknown; close(): Promise<void> }) {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  ew.attach(server);
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(async () => {
    await ew.close();
    server.close();
    server.closeAllConnections();
  });
  return {
    port: (server.address() as AddressInfo).port,
    mostHeld: () => Math.max(...[...sockets].map(({ writableLength }) => writableLength)),
  };
}

interface Frame {
  readonly t: string;
  readonly c: string;
  readonly i?: string;
  readonly why?: string;
  readonly m?: readonly { readonly n?: number; readonly e: string; readonly d: Data }[];
}

interface Data {
  readonly symbol: string;
  readonly price: number;
  readonly n: number;
}

interface Reader {
  readonly live: ReadonlySet<string>;
  /** The newest of each key. */
  readonly prices: ReadonlyMap<string, number>;
  readonly trades: readonly number[];
  readonly orders: readonly number[];
  /** Everything that must not be. */
  readonly defects: readonly string[];
  hold(): void;
  release(): void;
}

function openReader(port: number, index: number): Reader {
  const hello = { t: "hello", v: 1, client: `reader-${index}`, channels: { prices: "now", orders: "now" } };
  const live = new Set<string>();
  const prices = new Map<string, number>();
  const trades: number[] = [];
  const ordered: number[] = [];
  const defects: string[] = [];
  const seen = new Map<string, number>();

  function read(text: string): void {
    const frame: Frame = JSON.parse(text);
    if (frame.t === "gap" || frame.t === "error" || frame.t === "bye") defects.push(text.slice(0, 200));
    if (frame.t === "live") {
      live.add(frame.c);
      seen.set(frame.c, seqOf(frame.i));
    }
    if (frame.t !== "messages") return;
    let seq = seqOf(frame.i);
    for (const [at, { n = 0, e, d }] of (frame.m ?? []).entries()) {
      if (at > 0) seq += 1 + n;
      const before = seen.get(frame.c) ?? 0;
      if (seq - n - 1 !== before) defects.push(`${frame.c}: ${seq} skips ${n} and comes after ${before}`);
      seen.set(frame.c, seq);
      if (e === "trade") trades.push(d.n);
      else if (e === "order") ordered.push(d.n);
      else {
        if (d.price <= (prices.get(d.symbol) ?? -1)) defects.push(`${d.symbol} goes back to ${d.price}`);
        prices.set(d.symbol, d.price);
      }
    }
  }

  const isStream = index > SLOW && index % 3 === 0;
  const flow = isStream ? openStream(port, hello, read) : openWebSocket(port, hello, read);
  return { live, prices, trades, orders: ordered, defects, ...flow };
}

function seqOf(id = ""): number {
  return Number.parseInt(id.split("-")[1] ?? "", 36);
}

function openWebSocket(port: number, hello: object, read: (text: string) => void) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/eitherway`, "eitherway.v1.json");
  socket.on("open", () => socket.send(JSON.stringify(hello)));
  socket.on("message", (data) => read(String(data)));
  onTestFinished(() => socket.terminate());
  return { hold: () => socket.pause(), release: () => socket.resume() };
}

function openStream(port: number, hello: object, read: (text: string) => void) {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const parser = createParser({ onEvent: ({ data }) => read(data) });
  void (async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/eitherway/stream`, {
      method: "POST",
      body: JSON.stringify(hello),
      signal: abort.signal,
    });
    const decoder = new TextDecoder();
    for await (const bytes of answer.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }));
  })().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return { hold() {}, release() {} };
}

/** Reads a little, pauses, and so on. */
function slowDown(reader: Reader | undefined): () => void {
  let slow = true;
  void (async () => {
    while (slow) {
      reader?.hold();
      await sleep(5 * TURN_MS);
      reader?.release();
      await sleep(1);
    }
  })();
  return () => {
    slow = false;
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(TURN_MS);
}
