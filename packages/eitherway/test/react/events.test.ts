import { createElement } from "react";
import { describe, expect, test, vi } from "vitest";
import type { Client } from "../../src/client/index.node.ts";
import { createHooks, type EventsView } from "../../src/react/index.ts";
import { createProbe, mount, startClient, startServer } from "./support.ts";

const dataOf = ({ items }: EventsView): unknown[] => items.map(({ data }) => data);

/** How often a subscription came to be live. */
const subscribed = (client: Client): number => client.timeline().filter(({ what }) => what === "live").length;

describe("useEvents", () => {
  test("shows the last messages of the log and those that come, without a seam and each once (P1, P2)", async () => {
    const { ew, url } = await startServer();
    for (let n = 0; n < 80; n++) await ew.publish("room/42", n);
    const { useEvents } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useEvents("room/42", "message", { history: 50 }));
    mount(createElement(Probe));
    // While the list comes, so does more.
    for (let n = 80; n < 120; n++) await ew.publish("room/42", n);
    await shown.until((view) => view.live && dataOf(view).at(-1) === 119);
    const view = await shown.until(({ hasOlder, items }) => hasOlder && items.length >= 50);
    const first = dataOf(view)[0] as number;
    expect(dataOf(view)).toEqual(Array.from({ length: 120 - first }, (_, i) => first + i));
    expect(new Set(view.items.map(({ id }) => id)).size).toBe(view.items.length);
    expect(view).toMatchObject({ gap: undefined, error: undefined, loadingOlder: false });
  });

  test("keeps so many and loads older ones on demand, up to the beginning of the log", async () => {
    const { ew, url } = await startServer();
    for (let n = 0; n < 25; n++) await ew.publish("room/42", n);
    const { useEvents } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useEvents("room/42", "message", { history: 10, keep: 10 }));
    mount(createElement(Probe));
    await shown.until((view) => view.live && view.items.length === 10);
    await ew.publish("room/42", 25);
    await shown.until((view) => dataOf(view).at(-1) === 25);
    expect(dataOf(shown.last)).toEqual(Array.from({ length: 10 }, (_, i) => 16 + i));
    shown.last.loadOlder();
    await shown.until((view) => view.items.length === 20);
    shown.last.loadOlder();
    const view = await shown.until(({ hasOlder }) => !hasOlder);
    expect(dataOf(view)).toEqual(Array.from({ length: 26 }, (_, i) => i));
  });

  test("takes one event of several, as many of it as are wanted", async () => {
    const { ew, url } = await startServer();
    for (let n = 0; n < 60; n++) await ew.publish("room/42", n, { event: n % 6 === 0 ? "rare" : "often" });
    const { useEvents } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useEvents("room/42", "rare", { history: 5 }));
    mount(createElement(Probe));
    const view = await shown.until(({ items }) => items.length > 0);
    expect(dataOf(view)).toEqual([30, 36, 42, 48, 54]);
    expect(view.hasOlder).toBe(true);
  });

  test("finds the last one of a rare event far back in the log", async () => {
    const { ew, url } = await startServer();
    await ew.publish("room/42", "Holidays", { event: "topic" });
    for (let n = 0; n < 300; n++) await ew.publish("room/42", n);
    const { useEvents } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useEvents("room/42", "topic", { history: 1 }));
    mount(createElement(Probe));
    await shown.until(({ items }) => items.length > 0);
    expect(dataOf(shown.last)).toEqual(["Holidays"]);
  });

  test("reads the list anew after a gap, and says so (P2)", async () => {
    const { ew, url } = await startServer({ retention: { messages: 5 } });
    for (let n = 0; n < 5; n++) await ew.publish("room/42", n);
    const client = startClient(url);
    const { useEvents } = createHooks(client);
    const { Probe, shown } = createProbe(() => useEvents("room/42", "message", { history: 5 }));
    mount(createElement(Probe));
    await shown.until((view) => view.live && view.items.length === 5);
    client.use("poll"); // ends the link at once; the next one is not there before the turn is over
    await Promise.all(Array.from({ length: 15 }, (_, n) => ew.publish("room/42", 5 + n)));
    const view = await shown.until(({ gap, items }) => gap !== undefined && items.at(-1)?.data === 19);
    expect(dataOf(view)).toEqual([15, 16, 17, 18, 19]);
    expect(view.gap).toMatchObject({ why: "trimmed" });
    const begun = shown.views.findIndex(({ items }) => items.length > 0);
    expect(shown.views.slice(begun).filter(({ items }) => items.length === 0)).toEqual([]);
  });

  test("in Strict Mode, twice on a page and after Fast Refresh there is one subscription at the server, and no flicker", async () => {
    const { ew, url } = await startServer();
    const client = startClient(url);
    const { useEvents } = createHooks(client);
    const first = createProbe(() => useEvents("room/42"));
    const second = createProbe(() => useEvents("room/42"));
    const both = (time: number) => [first, second].map(({ Probe }, n) => createElement(Probe, { key: `${n} ${time}` }));
    const page = mount(both(1), { strict: true });
    await first.shown.until(({ live }) => live);
    await second.shown.until(({ live }) => live);
    await ew.publish("room/42", 1);
    await first.shown.until(({ items }) => items.length === 1);
    const before = first.shown.views.length;
    page.render(both(2)); // other keys: the old ones go and new ones come
    await ew.publish("room/42", 2);
    await first.shown.until(({ items }) => items.length === 2);
    expect(first.shown.views.slice(before).filter(({ live, items }) => !live || items.length < 1)).toEqual([]);
    expect(ew.stats().subscriptions).toEqual({ reading: 0, live: 1, lagging: 0 });
    expect(subscribed(client)).toBe(1);
  });

  test("lists of other lengths are lists of their own, also one without an end", async () => {
    const { ew, url } = await startServer();
    const { useEvents } = createHooks(startClient(url));
    const short = createProbe(() => useEvents("room/42", "message", { keep: 2 }));
    const usual = createProbe(() => useEvents("room/42", "message"));
    const endless = createProbe(() => useEvents("room/42", "message", { keep: Number.POSITIVE_INFINITY }));
    mount([short, usual, endless].map(({ Probe }, key) => createElement(Probe, { key })));
    for (const { shown } of [short, usual, endless]) await shown.until(({ live }) => live);
    for (let n = 1; n <= 201; n++) await ew.publish("room/42", n);
    for (const { shown } of [short, usual, endless]) await shown.until((view) => dataOf(view).at(-1) === 201);
    expect([short, usual, endless].map(({ shown }) => shown.last.items.length)).toEqual([2, 200, 201]);
  });

  test("the subscription ends a moment after the last component left", async () => {
    const { ew, url } = await startServer();
    const { useEvents } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useEvents("room/42"));
    const page = mount(createElement(Probe), { strict: true });
    await shown.until(({ live }) => live);
    page.unmount();
    await vi.waitFor(() => expect(ew.stats().subscriptions.live).toBe(0), { timeout: 10_000 });
  });

  test("1,000 messages of one turn render a few times", async () => {
    const { ew, url } = await startServer();
    const { useEvents } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useEvents("room/42", "message", { keep: 1_000 }));
    mount(createElement(Probe));
    await shown.until(({ live }) => live);
    const before = shown.views.length;
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => ew.publish("room/42", n)));
    await shown.until(({ items }) => items.length === 1_000);
    expect(shown.views.length - before).toBeLessThanOrEqual(20);
  });
});
