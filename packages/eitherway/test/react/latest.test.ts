import { createElement } from "react";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { createClient } from "../../src/client/index.node.ts";
import { channel, contract, latest } from "../../src/contract/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { createHooks, type LatestView } from "../../src/react/index.ts";
import { witnessed } from "../support/witness.ts";
import { createProbe, mount, startClient, startServer } from "./support.ts";

interface Tick {
  readonly symbol: string;
  readonly price: number;
}

const key = ({ symbol }: Tick): string => symbol;
const pricesOf = ({ values }: LatestView<Tick>): object =>
  Object.fromEntries([...values].map(([symbol, { price }]) => [symbol, price]));

describe("useLatest", () => {
  test("begins with the newest value of each key that the log has, and follows (P2)", async () => {
    const { ew, url } = await startServer();
    for (const [symbol, price] of [
      ["A", 1],
      ["B", 2],
      ["A", 3],
    ])
      await ew.publish("prices/eu", { symbol, price });
    const { useLatest } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useLatest<Tick>("prices/eu", "message", { key }));
    mount(createElement(Probe), { strict: true });
    expect(pricesOf(await shown.until(({ values }) => values.size === 2))).toEqual({ A: 3, B: 2 });
    await ew.publish("prices/eu", { symbol: "C", price: 4 });
    await ew.publish("prices/eu", { symbol: "A", price: 5 });
    expect(pricesOf(await shown.until(({ values }) => values.get("A")?.price === 5))).toEqual({ A: 5, B: 2, C: 4 });
  });

  test("1,000 updates of one turn render a few times", async () => {
    const { ew, url } = await startServer();
    const { useLatest } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useLatest<Tick>("prices/eu", "message", { key }));
    mount(createElement(Probe));
    await shown.until(({ live }) => live);
    const before = shown.views.length;
    const ticks = Array.from({ length: 1_000 }, (_, price) => ({ symbol: `S${price % 100}`, price }));
    await Promise.all(ticks.map((tick) => ew.publish("prices/eu", tick)));
    await shown.until(({ values }) => values.get("S99")?.price === 999);
    expect(shown.views.length - before).toBeLessThanOrEqual(20);
  });

  test("forgets the values of a log that is gone (P2)", async () => {
    const { ew, url } = await startServer({ retention: { messages: 1 } });
    await ew.publish("prices/eu", { symbol: "A", price: 1 });
    const client = startClient(url);
    const { useLatest } = createHooks(client);
    const { Probe, shown } = createProbe(() => useLatest<Tick>("prices/eu", "message", { key }));
    mount(createElement(Probe));
    await shown.until(({ live, values }) => live && values.size === 1);
    client.use("poll"); // ends the link at once
    await Promise.all(["B", "C"].map((symbol) => ew.publish("prices/eu", { symbol, price: 2 })));
    expect(pricesOf(await shown.until(({ values }) => !values.has("A")))).toEqual({ C: 2 });
  });
});

describe("useLatest of a contract", () => {
  const tick = z.object({ symbol: z.string(), price: z.number() });
  const app = contract({
    prices: channel("prices/:book", {
      events: { tick: latest(tick, { key }), note: z.string() },
      history: { max: 2 },
    }),
  });
  const EU = { book: "eu" };

  /** On a port of its own, or on the one that another had. */
  async function startPrices(port = 0) {
    const ew = eitherway(app, { logger: witnessed() });
    onTestFinished(() => ew.close());
    const { url, port: own } = await ew.listen({ port });
    const publish = (symbol: string, price: number) => ew.publish("prices", EU, "tick", { symbol, price });
    return { ew, url, port: own, publish };
  }

  function showPrices(url: string) {
    const client = createClient(app, { url, random: () => 0 });
    onTestFinished(() => client.close());
    const { useLatest } = createHooks(client);
    const { Probe, shown } = createProbe(() => useLatest("prices", EU, "tick"));
    mount(createElement(Probe), { strict: true });
    return { client, shown };
  }

  /** How often the log has been read. */
  function countReads(): () => number {
    const spy = vi.spyOn(globalThis, "fetch");
    return () => spy.mock.calls.filter(([address]) => String(address).includes("/channels/")).length;
  }

  test("takes its key from there, also for values that the log has trimmed all else around", async () => {
    const { ew, url, publish } = await startPrices();
    for (const price of [1, 2, 3]) await publish("A", price);
    await publish("B", 4);
    for (const note of ["one", "two", "three"]) await ew.publish("prices", EU, "note", note);
    const { shown } = showPrices(url);
    expect(pricesOf(await shown.until(({ values }) => values.size === 2))).toEqual({ A: 3, B: 4 });
  });

  test("over a gap keeps what still holds, takes the newest values that come with it, and reads no log (P2)", async () => {
    const reads = countReads();
    const { ew, url, publish } = await startPrices();
    await publish("A", 1);
    await publish("B", 2);
    const { client, shown } = showPrices(url);
    await shown.until(({ live, values }) => live && values.size === 2);
    client.use("poll"); // ends the link at once
    const published = [
      publish("A", 3),
      ...["one", "two", "three"].map((note) => ew.publish("prices", EU, "note", note)),
    ];
    await Promise.all(published);
    expect(pricesOf(await shown.until(({ values }) => values.get("A")?.price === 3))).toEqual({ A: 3, B: 2 });
    expect(client.status.gaps).toBe(1);
    expect(reads()).toBe(1);
  });

  test("of another log has that one's values alone (P2)", async () => {
    const reads = countReads();
    const first = await startPrices();
    await first.publish("A", 1);
    const { client, shown } = showPrices(first.url);
    await shown.until(({ live, values }) => live && values.has("A"));
    await first.ew.close();
    const second = await startPrices(first.port);
    await second.publish("B", 2);
    client.reconnect();
    expect(pricesOf(await shown.until(({ values }) => values.has("B")))).toEqual({ B: 2 });
    expect(reads()).toBe(1);
  });
});
