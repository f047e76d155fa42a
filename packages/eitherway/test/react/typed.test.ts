/** Types of the hooks of a contract: what must not compile is checked when the tests are compiled. */
import { createElement } from "react";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createClient } from "../../src/client/index.node.ts";
import { channel, contract, latest, volatile } from "../../src/contract/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { createHooks } from "../../src/react/index.ts";
import { witnessed } from "../support/witness.ts";
import { createProbe, mount } from "./support.ts";

const tick = z.object({ symbol: z.string(), price: z.number() });
const app = contract({
  room: channel("room/:id", {
    events: { message: z.object({ text: z.string() }), left: z.object({ who: z.string() }) },
  }),
  news: channel("news", { events: { flash: z.object({ title: z.string() }) } }),
  prices: channel("prices/:book", { events: { tick: latest(tick, { key: ({ symbol }) => symbol }) } }),
});

test("hooks of a contract take its channels, parameters and events, and give their data", async () => {
  const ew = eitherway(app, { logger: witnessed() });
  onTestFinished(() => ew.close());
  const { url } = await ew.listen({ port: 0 });
  const client = createClient(app, { url });
  onTestFinished(() => client.close());
  const { useEvents, useLatest } = createHooks(client);

  const room = createProbe(() => useEvents("room", { id: "42" }, "message", { history: 5 }));
  const news = createProbe(() => useEvents("news", "flash"));
  const prices = createProbe(() => useLatest("prices", { book: "eu" }, "tick"));
  await ew.publish("room", { id: "42" }, "left", { who: "ana" });
  await ew.publish("room", { id: "42" }, "message", { text: "hi" });
  mount(
    [room, news, prices].map(({ Probe }, key) => createElement(Probe, { key })),
    { strict: true },
  );

  const { items } = await room.shown.until((view) => view.items.length > 0);
  expectTypeOf(items[0]?.data).toEqualTypeOf<{ text: string } | undefined>();
  expect(items.map(({ data }) => data)).toEqual([{ text: "hi" }]);

  await news.shown.until(({ live }) => live);
  await ew.publish("news", "flash", { title: "now" });
  expect((await news.shown.until((view) => view.items.length > 0)).items[0]?.data.title).toBe("now");

  await ew.publish("prices", { book: "eu" }, "tick", { symbol: "A", price: 1 });
  const { values } = await prices.shown.until((view) => view.values.size > 0);
  expectTypeOf(values).toEqualTypeOf<ReadonlyMap<string, { symbol: string; price: number }>>();
  expect(values.get("A")?.price).toBe(1);

  // Compiled, never called.
  const wrong = () => {
    // @ts-expect-error no such channel
    useEvents("rooms", { id: "42" }, "message");
    // @ts-expect-error no such event
    useEvents("room", { id: "42" }, "massage");
    // @ts-expect-error no such parameter
    useEvents("room", { name: "42" }, "message");
    // @ts-expect-error a parameter is missing
    useEvents("room", "message");
    // @ts-expect-error no such option
    useEvents("news", "flash", { keeps: 1 });
    // @ts-expect-error the contract has said the key
    useLatest("prices", { book: "eu" }, "tick", { key: ({ symbol }) => symbol });
    // @ts-expect-error no such event
    useLatest("prices", { book: "eu" }, "tock");
    // @ts-expect-error an event that is not latest
    useLatest("room", { id: "42" }, "message");
    // @ts-expect-error a channel that has no latest event
    useLatest("news", "flash");
  };
  expect(wrong).toBeTypeOf("function");
});

test("volatile messages are items while somebody looks, and history has none of them", async () => {
  const own = contract({ room: channel("room/:id", { events: { typing: volatile(z.object({ who: z.string() })) } }) });
  const ew = eitherway(own, { logger: witnessed() });
  onTestFinished(() => ew.close());
  const client = createClient(own, { url: (await ew.listen({ port: 0 })).url });
  onTestFinished(() => client.close());
  const { useEvents } = createHooks(client);
  const { Probe, shown } = createProbe(() => useEvents("room", { id: "42" }, "typing", { history: 5 }));
  mount(createElement(Probe));
  await shown.until(({ live }) => live);
  for (const who of ["ana", "bo"]) await ew.publish("room", { id: "42" }, "typing", { who });
  const { items } = await shown.until((view) => view.items.length === 2);
  expect(items.map(({ data }) => data.who)).toEqual(["ana", "bo"]);
  expect(new Set(items.map(({ id }) => id)).size).toBe(2);
});
