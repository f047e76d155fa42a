import { expect, test } from "vitest";
import { z } from "zod";
import { channel, contract, type History, latest } from "../../src/contract/index.ts";
import { type EitherwayError, jsonPayload } from "../../src/protocol/index.ts";
import { createChannelIndex } from "../../src/server/channel-index.ts";
import { readHistory } from "../../src/server/contract-history.ts";
import { createContractRules } from "../../src/server/contract-rules.ts";

const tick = z.object({ symbol: z.string() });
const prices = latest(tick, { key: ({ symbol }) => symbol, every: "0.1s" });

function rulesOf(app: ReturnType<typeof contract>, validateOwn = true) {
  const types = Object.values(app.channels);
  return createContractRules({ types, index: createChannelIndex(types), validateOwn });
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    return (thrown as EitherwayError).message;
  }
  return "nothing was thrown";
}

test("one description under two names collapses under each on its own", () => {
  const rules = rulesOf(contract({ a: channel("a", { events: { bid: prices, ask: prices } }) }));
  const admit = (event: string) => rules.admit("a", event, jsonPayload({ symbol: "X" }), false);
  expect([admit("bid"), admit("ask")]).toMatchObject([
    { delivery: { class: "latest", collapse: "bid\nX", windowMs: 100 } },
    { delivery: { class: "latest", collapse: "ask\nX", windowMs: 100 } },
  ]);
});

test("no key of one event is that of another, whatever spaces their names have", () => {
  const rules = rulesOf(contract({ a: channel("a", { events: { best: prices, "best bid": prices } }) }));
  const admit = (event: string, symbol: string) => rules.admit("a", event, jsonPayload({ symbol }), false);
  expect(admit("best", "bid X")).toMatchObject({ delivery: { collapse: "best\nbid X" } });
  expect(admit("best bid", "X")).toMatchObject({ delivery: { collapse: "best bid\nX" } });
});

test("a key is made of what is stored, whoever publishes it: a date is text then, as at the client", () => {
  const dated = latest(z.object({ at: z.coerce.date() }), { key: ({ at }) => at.slice(0, 4) });
  const app = contract({ a: channel("a", { events: { dated } }) });
  const value = jsonPayload({ at: new Date("2026-11-28T10:00:00Z") });
  for (const rules of [rulesOf(app), rulesOf(app, false)]) {
    expect(rules.admit("a", "dated", value, true)).toMatchObject({ delivery: { collapse: "dated\n2026" } });
  }
});

test("the server's own publishes that are not validated are read only where a key is asked for", () => {
  const rules = rulesOf(contract({ a: channel("a", { events: { bid: prices, word: z.string() } }) }), false);
  const unread = { kind: "json", data: "no JSON at all" } as const;
  expect(rules.admit("a", "word", unread, true)).toEqual({ payload: unread, delivery: { class: "reliable" } });
  expect(rules.admit("a", "bid", jsonPayload({ symbol: "X" }), true)).toMatchObject({
    delivery: { collapse: "bid\nX" },
  });
});

test("a name finds the pattern that it matches, also where another one begins alike", () => {
  const patterns = ["a/:x/b", ":y/q/c", "a/q/d", "a"].map((pattern) => ({ pattern }));
  const index = createChannelIndex(patterns);
  const found = (name: string) => {
    const match = index.find(name);
    return match && [match.type.pattern, match.params];
  };
  expect(found("a/q/b")).toEqual(["a/:x/b", { x: "q" }]);
  expect(found("a/q/c")).toEqual([":y/q/c", { y: "a" }]);
  expect(found("a/q/d")).toEqual(["a/q/d", {}]);
  expect([found("a"), found("a/q"), found("b"), found("a/q/d/e")]).toEqual([
    ["a", {}],
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  [{ max: 0 }, "history.max of room/:id is 0; give a whole number, above 0."],
  [{ max: "10kb" }, 'history.max of room/:id is "10kb"; give a whole number.'],
  [
    { age: "soon" },
    'history.age of room/:id is "soon"; give a whole number of milliseconds, or a duration such as "20s".',
  ],
  [{ bytes: -1 }, 'history.bytes of room/:id is -1; give a whole number of bytes, or a size such as "256kb", above 0.'],
  [{ messages: 5 }, "There is no history.messages, which room/:id has; known: max, age, bytes."],
] as const)("the history %j is refused when the server is made (P12)", (history, message) => {
  const types = [channel("room/:id", { history: history as unknown as History })];
  expect(messageOf(() => readHistory(types, createChannelIndex(types)))).toBe(message);
});

test("a window is at most a minute (P12)", () => {
  const of = (every: string) => () =>
    rulesOf(contract({ a: channel("a", { events: { tick: latest(tick, { key: () => "k", every }) } }) }));
  expect(of("1m")).not.toThrow();
  expect(messageOf(of("61s"))).toBe("every of event tick of a is 61000 ms; give at most 60000.");
});

test.each(["often", 0, Number.NaN])("a window of %j is refused when the server is made (P12)", (every) => {
  const event = latest(tick, { key: ({ symbol }) => symbol, every });
  const app = contract({ a: channel("a", { events: { tick: event } }) });
  expect(messageOf(() => rulesOf(app))).toMatch(/^every of event tick of a is .*; give a whole number of milliseconds/);
});

test("a presence state is what its schema makes of it; without a schema, or by one that refuses it, it is invalid (P12)", () => {
  const rules = rulesOf(
    contract({ room: channel("room/:id", { presence: z.object({ name: z.string() }) }), other: channel("other", {}) }),
  );
  expect(rules.presence("room/42", '{"name":"Ana","more":1}')).toBe('{"name":"Ana"}');
  expect(() => rules.presence("room/42", "{}")).toThrow(expect.objectContaining({ code: "invalid" }));
  expect(() => rules.presence("other", "1")).toThrow(expect.objectContaining({ code: "invalid" }));
  expect(() => rules.presence("nowhere", "1")).toThrow(expect.objectContaining({ code: "unknown-channel" }));
});
