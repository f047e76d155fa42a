import { createElement } from "react";
import { describe, expect, test } from "vitest";
import { createHooks, type LatestView } from "../../src/react/index.ts";
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
