import { createElement } from "react";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/index.node.ts";
import { presence } from "../../src/client/presence.ts";
import { eitherway } from "../../src/node/index.ts";
import { createHooks } from "../../src/react/index.ts";
import { app } from "../contract/app.ts";
import { witnessed } from "../support/witness.ts";
import { createProbe, mount, startClient, startServer } from "./support.ts";

interface Person {
  readonly name: string;
  readonly mood: string;
}

describe("usePresence", () => {
  test("shows who is there, and who has left, in Strict Mode (P8)", async () => {
    const { url } = await startServer();
    const { usePresence } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => usePresence<Person>("room/1"));
    mount(createElement(Probe), { strict: true });
    const ana = presence<Person>(startClient(url), "room/1");
    await ana.set({ name: "Ana", mood: "fine" });
    const [one] = await shown.until((members) => members.length === 1);
    expect(one?.state).toEqual({ name: "Ana", mood: "fine" });
    await ana.leave();
    await shown.until((members) => members.length === 0);
    expect(shown.views[0]).toEqual([]);
  });

  test("a change that the selector does not take renders nothing", async () => {
    const { url } = await startServer();
    const { usePresence } = createHooks(startClient(url));
    const names = createProbe(() =>
      usePresence<Person, string>("room/1", (members) => members.map(({ state }) => state.name).join()),
    );
    const moods = createProbe(() => usePresence<Person>("room/1"));
    mount(createElement(names.Probe));
    mount(createElement(moods.Probe));
    const ana = presence<Person>(startClient(url), "room/1");
    await ana.set({ name: "Ana", mood: "fine" });
    await names.shown.until((text) => text === "Ana");
    const before = names.shown.views.length;
    for (const mood of ["good", "better", "best"]) await ana.set({ name: "Ana", mood });
    await moods.shown.until(([one]) => one?.state.mood === "best"); // what the other component has shown by now
    expect(names.shown.views.length).toBe(before);
  });
});

test("with a contract presence and streams have its types and parameters", async () => {
  const ew = eitherway(app, { logger: witnessed() });
  onTestFinished(() => ew.close());
  const { url } = await ew.listen({ port: 0 });
  const client = createClient(app, { url });
  onTestFinished(() => client.close());
  const { usePresence, useStream } = createHooks(client);
  const names = createProbe(() =>
    usePresence("room", { id: "1" }, (members) => members.map(({ state }) => state.name)[0]),
  );
  const answer = createProbe(() => useStream("job", { id: "7" }, "answer"));
  expectTypeOf(names.shown.last).toEqualTypeOf<string | undefined>();
  expectTypeOf(answer.shown.last).toHaveProperty("chunks").toEqualTypeOf<readonly string[]>();
  mount(createElement(names.Probe));
  mount(createElement(answer.Probe));
  await client.channel("room", { id: "1" }).presence.set({ name: "Ana" });
  const stream = ew.stream("job", { id: "7" }, "answer");
  await stream.append("42");
  await stream.end();
  await names.shown.until((name) => name === "Ana");
  expect((await answer.shown.until(({ state }) => state === "ended")).text).toBe("42");
});
