import { expect, test } from "vitest";
import { createAdmit } from "../../src/core/admission.ts";
import type { Draft, Receipt, Rules } from "../../src/core/index.ts";
import { createCounters } from "../../src/core/index.ts";
import { createPublisher } from "../../src/core/publisher.ts";
import { EitherwayError, jsonPayload } from "../../src/protocol/index.ts";
import { witnessed } from "../support/witness.ts";

function create(
  admit: Rules["admit"],
  receiptOf = (_event: string): Receipt => ({ ok: true, id: "an id", repeated: false }),
) {
  const did: string[] = [];
  const metrics = createCounters();
  const say = (what: string, drafts: readonly Draft[]) =>
    did.push(`${what} ${drafts.map(({ event }) => event).join()}`);
  const logger = witnessed({ error: (event: string) => did.push(event) });
  const publish = createPublisher({
    admit: createAdmit({ admit, presence: (_, state) => state, checkChannel() {} }, logger),
    windows: { hold: () => undefined },
    metrics,
    append: async (_, drafts) => {
      say("append", drafts);
      return drafts.map(({ event }) => receiptOf(event));
    },
    announce: (_, drafts) => say("announce", drafts),
  });
  const events = async (...names: string[]): Promise<unknown[]> => {
    const drafts = names.map((event) => ({ event, payload: jsonPayload(1) }));
    const published = await publish("a", drafts, false);
    return published.map((one) => ("later" in one ? "later" : one.ok ? one.id : one.error.code));
  };
  return { did, metrics, events };
}

const reliable = { payload: jsonPayload(2), delivery: { class: "reliable" } } as const;
const told = { payload: jsonPayload(2), delivery: { class: "volatile" } } as const;

test("each message has its outcome in its place, and what is not refused keeps its order (P1)", async () => {
  const { did, events, metrics } = create((_, event) => {
    if (event === "no") throw new EitherwayError("invalid", "no");
    return event === "told" ? told : reliable;
  });
  expect(await events("a", "no", "b", "told", "c")).toEqual(["an id", "invalid", "an id", undefined, "an id"]);
  expect(did).toEqual(["append a,b", "announce told", "append c"]);
  expect(metrics.all).toEqual({ "publish.refused.invalid": 1 });
});

test("messages that need not be waited for are one append", async () => {
  const { did, events } = create(() => reliable);
  await events("a", "b", "c");
  expect(did).toEqual(["append a,b,c"]);
});

test("a validator that is waited for keeps the order of the messages behind it (P1)", async () => {
  const { did, events } = create((_, event) => (event === "slow" ? Promise.resolve(reliable) : reliable));
  await events("slow", "quick");
  expect(did).toEqual(["append slow,quick"]);
});

test("what was admitted is appended before a validator is waited for, so that no window ends in between (P1)", async () => {
  const { did, events } = create((_, event) => {
    did.push(`ask ${event}`);
    return event === "slow" ? Promise.resolve(reliable) : reliable;
  });
  await events("quick", "slow");
  expect(did).toEqual(["ask quick", "ask slow", "append quick", "append slow"]);
});

test("after an append that failed for now nothing is appended or told, so that order holds when all come again (P1, P5)", async () => {
  const { did, events } = create(
    (_, event) => (event === "told" ? told : event === "slow" ? Promise.resolve(reliable) : reliable),
    () => ({ ok: false, error: new EitherwayError("unavailable", "not now") }),
  );
  expect(await events("a", "told", "b", "slow", "c")).toEqual(Array(5).fill("unavailable"));
  expect(did).toEqual(["append a"]);
});

test("a schema that breaks is the application's fault: logged, and refused for good (P12)", async () => {
  const { did, events } = create(() => {
    throw new TypeError("x is not a function");
  });
  expect(await events("a")).toEqual(["invalid"]);
  expect(did).toEqual(["schema failed"]);
});
