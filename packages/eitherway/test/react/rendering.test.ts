import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createHooks } from "../../src/react/index.ts";
import { createProbe, hydrate, mount, startClient, startServer } from "./support.ts";

/** What React and we say on the console: nothing. */
function watchConsole(): readonly unknown[][] {
  const said: unknown[][] = [];
  for (const level of ["error", "warn"] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((...words: unknown[]) => void said.push(words));
    onTestFinished(() => spy.mockRestore());
  }
  return said;
}

describe("server rendering", () => {
  test("shows what there is before anything has come, subscribes to nothing, and hydrates without a warning", async () => {
    const said = watchConsole();
    const { ew, url } = await startServer();
    await ew.publish("room/42", "hi");
    const client = startClient(url);
    const { useEvents, useStatus } = createHooks(client);
    const { Probe, shown } = createProbe(() => useEvents("room/42", "message", { history: 10 }));
    function Page() {
      const { items, live } = useEvents("room/42", "message", { history: 10 });
      const { state } = useStatus();
      return createElement("p", null, `${state} ${live} ${items.map(({ data }) => data).join()}`);
    }
    const html = renderToString(createElement(Page));
    expect(html).toBe("<p>idle false </p>");
    expect(client.status.state).toBe("idle");

    // The client of the page may be further on when the page is hydrated.
    mount(createElement(Probe));
    await shown.until(({ live, items }) => live && items.length === 1);
    const page = hydrate(html, createElement(Page));
    await vi.waitFor(() => expect(page.html()).toBe("<p>open true hi</p>"));
    expect(page.recovered).toEqual([]);
    expect(said).toEqual([]);
  });
});

describe("useStatus", () => {
  test("renders again only when what is selected changes", async () => {
    const { ew, url } = await startServer();
    const client = startClient(url);
    const { useStatus, useEvents } = createHooks(client);
    const status = createProbe(() => useStatus(({ state }) => state));
    const whole = createProbe(() => useStatus());
    const events = createProbe(() => useEvents("room/42"));
    mount([status, whole, events].map(({ Probe }, key) => createElement(Probe, { key })));
    await status.shown.until((state) => state === "open");
    await events.shown.until(({ live }) => live);
    const before = status.shown.views.length;
    await client.channel("room/42").publish("hi"); // `unanswered` and `roundTrip` change
    await whole.shown.until(({ roundTrip }) => roundTrip !== undefined);
    await events.shown.until(({ items }) => items.length === 1);
    expect(status.shown.views).toHaveLength(before);
    expect(ew.stats().links).toBe(1);
  });
});

describe("Provider", () => {
  test("gives the hooks below it another client", async () => {
    const [one, other] = [await startServer(), await startServer()];
    await other.ew.publish("room/42", "other");
    const { Provider, useEvents } = createHooks(startClient(one.url));
    const { Probe, shown } = createProbe(() => useEvents("room/42", "message", { history: 1 }));
    mount(createElement(Provider, { client: startClient(other.url) }, createElement(Probe)));
    const { items } = await shown.until((view) => view.items.length === 1);
    expect(items[0]?.data).toBe("other");
    expect(one.ew.stats().links).toBe(0);
  });
});
