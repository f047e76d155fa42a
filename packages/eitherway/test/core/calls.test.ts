import { describe, expect, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import { EitherwayError, jsonPayload, textPayload } from "../../src/protocol/index.ts";
import { callFrame, seen } from "../support/played-calls.ts";
import { ask, createCallHub as setUp, TICKS_MS, TIMEOUT_MS } from "./call-hub.ts";
import { createTestHub, publishFrame } from "./support.ts";

describe("a call", () => {
  test("is started once, and its key gets the one answer, while it runs and after (P5)", async () => {
    const { hub, calls, settle } = setUp();
    const asked = [];
    for (let times = 0; times < 3; times++) asked.push(seen(await ask(hub, callFrame("k", "hi"))));
    expect(calls.texts).toEqual(["hi"]);
    calls.runs[0]?.answer("yo");
    await settle();
    asked.push(seen(await ask(hub, callFrame("k", "hi"))));
    expect(asked.map(({ now }) => now)).toEqual(["yo", "yo", "yo", "yo"]);
    expect(calls.texts).toEqual(["hi"]);
    expect(hub.stats().counters).toMatchObject({ "calls.started": 1, "calls.repeated": 3 });
  });

  test("asked twice in the same turn is started once (P5)", async () => {
    const { hub, calls } = setUp();
    await Promise.all([ask(hub, callFrame("k", "hi")), ask(hub, callFrame("k", "hi"))]);
    expect(calls.texts).toEqual(["hi"]);
  });

  test("may be answered with nothing, and that is kept too (P5)", async () => {
    const { hub, settle } = setUp({ handler: { prepare: () => async () => undefined } });
    const [first, later] = [await ask(hub, callFrame("k", "hi")), await ask(hub, callFrame("k", "hi"))];
    await settle();
    expect([seen(first).now, seen(later).now]).toEqual(["running", "undefined"]);
  });

  test("knows who asks, and on which channel", async () => {
    const { hub, calls } = setUp();
    await ask(hub, callFrame("k", "hi", "room/42"));
    expect(calls.runs[0]?.context).toMatchObject({ channel: "room/42", who: { client: "c1", user: "ana" } });
  });

  test("of the same key is another one on another channel, of another user, and of another client's counter (P5)", async () => {
    const { hub, calls } = setUp();
    await ask(hub, callFrame("c1.1", "1", "a"));
    await ask(hub, callFrame("c1.1", "2", "b"));
    await ask(hub, callFrame("c1.1", "3", "a"), { client: "c1", user: "bo" });
    await ask(hub, callFrame("c1.1", "4", "a"), { client: "c2", user: "ana" });
    expect(calls.texts).toEqual(["1", "2", "3", "4"]);
  });

  test("of the same key with another body is key-reused, while the first runs and after (P5)", async () => {
    const { hub, calls, settle } = setUp();
    await ask(hub, callFrame("k", "hi"));
    expect(seen(await ask(hub, callFrame("k", "ho"))).now).toBe("key-reused");
    calls.runs[0]?.answer("yo");
    await settle();
    expect(seen(await ask(hub, callFrame("k", "ho"))).now).toBe("key-reused");
    expect(calls.texts).toEqual(["hi"]);
  });
});

describe("order", () => {
  test("calls start in the order sent, none waits for another one's handler, and answers come when they are there (P5)", async () => {
    const { open, calls, settle } = setUp();
    const link = open({});
    link.read();
    for (const key of ["k1", "k2", "k3"]) link.send(callFrame(key, key));
    link.send(publishFrame("k4", "room", "x"));
    await settle();
    expect(calls.texts).toEqual(["k1", "k2", "k3"]);
    calls.runs[1]?.answer("2");
    await settle();
    calls.runs[0]?.answer("1");
    await settle();
    expect(link.read()).toEqual(["ok k4", "ok k2", "ok k1"]);
  });

  test("what comes behind a call waits for its validator, so that it starts first (P5)", async () => {
    const checked: (() => void)[] = [];
    const started: string[] = [];
    const { open, settle, hub } = setUp({
      handler: {
        prepare: (input) => {
          const start = async () => {
            started.push(String(input.data));
            return undefined;
          };
          if (input.data !== "slow") return start;
          return new Promise((resolve) => checked.push(() => resolve(start)));
        },
      },
    });
    const link = open({});
    link.send(callFrame("k1", "slow"));
    link.send(callFrame("k2", "fast"));
    link.send(publishFrame("k3", "room", "x"));
    await settle();
    expect([started, hub.stats().counters["messages.published"]]).toEqual([[], undefined]);
    checked[0]?.();
    await settle();
    expect([started, hub.stats().counters["messages.published"]]).toEqual([["slow", "fast"], 1]);
  });

  test("behind a call that was refused for now, later commands of its channel fail alike until it comes again (P5)", async () => {
    const { open, calls, settle, clock } = setUp({ limits: { calls: 1 } });
    const link = open({});
    link.read();
    link.send(callFrame("k1", "1"));
    await settle();
    link.send(callFrame("k2", "2"));
    link.send(publishFrame("k3", "room", "x"));
    link.send(publishFrame("k4", "other", "x"));
    await settle();
    expect(link.read()).toEqual(["error k2 unavailable", "error k3 unavailable", "ok k4"]);
    calls.runs[0]?.answer("1");
    await settle();
    link.send(callFrame("k2", "2"));
    link.send(publishFrame("k3", "room", "x"));
    await settle();
    expect(link.read()).toEqual(["ok k1", "ok k3"]);
    expect(calls.texts).toEqual(["1", "2"]);
    expect(clock.now()).toBeLessThan(TIMEOUT_MS);
  });
});

describe("links", () => {
  test("one that ends takes the answer with it, and another one gets it for the same key (P3, P5)", async () => {
    const { open, calls, settle } = setUp();
    const [first, second] = [open({}, { client: "c1" }), open({}, { client: "c1" })];
    first.send(callFrame("c1.1", "hi"));
    await settle();
    first.session.closed();
    second.read();
    second.send(callFrame("c1.1", "hi"));
    await settle();
    calls.runs[0]?.answer("yo");
    await settle();
    expect(first.read()).toEqual(["welcome"]);
    expect(second.readFrames()).toEqual([{ t: "ok", key: "c1.1", answer: { kind: "text", data: "yo" } }]);
    expect(calls.texts).toEqual(["hi"]);
  });

  test("a full one holds no answers: it gets them where they are kept, once it has drained (P6)", async () => {
    const { open, calls, settle } = setUp();
    const link = open({}, { room: 2 });
    link.send(callFrame("k1", "1"));
    link.send(callFrame("k2", "2"));
    await settle();
    calls.runs[0]?.answer("one");
    await settle();
    expect(link.read()).toEqual(["welcome", "ok k1"]);
    calls.runs[1]?.answer("two");
    await settle();
    expect(link.read()).toEqual([]);
    link.drain();
    await settle();
    expect(link.read()).toEqual(["ok k2"]);
    expect(calls.texts).toEqual(["1", "2"]);
  });

  test("with as many running calls as limits.inFlight is not read from until one is answered (P6)", async () => {
    const { open, calls, settle } = setUp({ limits: { inFlight: 2 } });
    const link = open({});
    link.send(callFrame("k1", "1"));
    await settle();
    expect(link.reading).toBe(true);
    link.send(callFrame("k2", "2"));
    await settle();
    expect(link.reading).toBe(false);
    calls.runs[0]?.answer("one");
    await settle();
    expect(link.reading).toBe(true);
  });
});

describe("failures", () => {
  test("one that is meant for the caller comes with its name and data, and is kept (P5)", async () => {
    const { open, calls, settle } = setUp();
    const link = open({});
    link.read();
    link.send(callFrame("k", "hi"));
    await settle();
    calls.runs[0]?.fail(
      new EitherwayError("call-failed", "Sold out.", { details: { name: "sold-out", data: { left: 0 } } }),
    );
    await settle();
    link.send(callFrame("k", "hi"));
    await settle();
    const error = { t: "error", key: "k", code: "call-failed", message: "Sold out." };
    const expected = { ...error, details: { name: "sold-out", data: { left: 0 } } };
    expect(link.readFrames()).toEqual([expected, expected]);
    expect(calls.texts).toEqual(["hi"]);
  });

  test.each([
    ["an error", new Error("password is hunter2")],
    ["an error of ours that was not meant for the caller", new EitherwayError("storage-full", "hunter2")],
    ["something that is no error", "hunter2"],
  ])("%s of a handler is logged once and tells the caller nothing (P12)", async (_what, thrown) => {
    const { open, calls, settle, errors, hub } = setUp();
    const link = open({});
    link.read();
    link.send(callFrame("k", "hi"));
    await settle();
    calls.runs[0]?.fail(thrown);
    await settle();
    link.send(callFrame("k", "hi"));
    await settle();
    const [first, second] = link.readFrames();
    expect(first).toMatchObject({ t: "error", code: "call-failed" });
    expect(first).not.toHaveProperty("details");
    expect(second).toEqual(first);
    expect(JSON.stringify(first)).not.toContain("hunter2");
    expect(errors).toHaveLength(1);
    expect(errors[0]).not.toContain("hunter2"); // it may be somebody's payload
    expect(errors[0]).toMatch(/^call failed .*(?:calls.test.ts:[0-9]+|thrown: string)/);
    expect(hub.stats().counters["calls.broken"]).toBe(1);
  });

  test("a handler that throws at once fails like one that rejects", async () => {
    const throwing = () => {
      throw new Error("at once");
    };
    const { hub, settle } = setUp({ handler: { prepare: () => throwing } });
    const outcome = seen(await ask(hub, callFrame("k", "hi")));
    await settle();
    expect(outcome.now).toBe("call-failed");
    expect(hub.stats().calls).toBe(0);
  });

  test("an input that the validator refuses is invalid with its issues, and stays so for its key (P5, P12)", async () => {
    let issues = [{ message: "too short" }];
    const prepare = () => {
      throw new EitherwayError("invalid", "No.", { details: { issues } });
    };
    const { open, settle, hub } = setUp({ handler: { prepare } });
    const link = open({});
    link.read();
    link.send(callFrame("k", "hi"));
    await settle();
    issues = [{ message: "another time" }];
    link.send(callFrame("k", "hi"));
    await settle();
    const expected = { t: "error", key: "k", code: "invalid", details: { issues: [{ message: "too short" }] } };
    expect(link.readFrames()).toMatchObject([expected, expected]);
    expect(hub.stats().counters["calls.failed.invalid"]).toBe(1);
  });

  test("a name without a handler is unknown-call, a channel that is none unknown-channel: nothing is remembered (P12)", async () => {
    const { hub } = setUp();
    expect(seen(await ask(hub, callFrame("k", "hi", "room", "dance"))).now).toBe("unknown-call");
    expect(seen(await ask(hub, callFrame("k", "hi", "no/1"))).now).toBe("unknown-channel");
    expect(hub.stats().broker.keys).toBe(0);
    expect(hub.stats().counters).toMatchObject({ "calls.refused.unknown-call": 1, "calls.refused.unknown-channel": 1 });
  });

  test("a hub without handlers answers every call with unknown-call", async () => {
    const { hub } = createTestHub();
    expect(seen(await ask(hub, callFrame("k", "hi"))).now).toBe("unknown-call");
  });
});

describe("time", () => {
  test("at the deadline the handler is told to stop, and call-timeout is the answer that is kept (P5)", async () => {
    const { hub, calls, clock, settle } = setUp();
    const outcome = seen(await ask(hub, callFrame("k", "hi")));
    clock.advance(TIMEOUT_MS - TICKS_MS);
    await settle();
    const [run] = calls.runs;
    expect([outcome.now, run?.context.signal.aborted]).toEqual(["running", false]);
    clock.advance(2 * TICKS_MS);
    await settle();
    expect([outcome.now, run?.context.signal.aborted]).toEqual(["call-timeout", true]);
    expect(run?.context.signal.reason).toMatchObject({ code: "call-timeout" });
    run?.answer("too late");
    await settle();
    expect(seen(await ask(hub, callFrame("k", "hi"))).now).toBe("call-timeout");
    expect(hub.stats()).toMatchObject({ calls: 0, timers: 0 });
  });

  test("a handler that goes on after its deadline keeps its place among limits.calls (P6)", async () => {
    const { hub, calls, clock, settle } = setUp({ limits: { calls: 1 } });
    await ask(hub, callFrame("k1", "1"));
    clock.advance(TIMEOUT_MS + TICKS_MS);
    await settle();
    expect(seen(await ask(hub, callFrame("k2", "2"))).now).toBe("unavailable");
    calls.runs[0]?.answer("at last");
    await settle();
    expect(seen(await ask(hub, callFrame("k2", "2"))).now).toBe("running");
  });

  test("a handler that stops as it was told has not failed: nothing is logged", async () => {
    const { hub, calls, clock, settle, errors } = setUp();
    const outcome = seen(await ask(hub, callFrame("k", "hi")));
    clock.advance(TIMEOUT_MS + TICKS_MS);
    await settle();
    calls.runs[0]?.fail(calls.runs[0].context.signal.reason);
    await settle();
    expect([outcome.now, errors]).toEqual(["call-timeout", []]);
  });

  test("an answer in time leaves no deadline behind", async () => {
    const { hub, calls, clock, settle } = setUp();
    await ask(hub, callFrame("k", "hi"));
    calls.runs[0]?.answer("yo");
    await settle();
    expect(hub.stats().timers).toBe(0);
    clock.advance(2 * TIMEOUT_MS);
    expect(calls.runs[0]?.context.signal.aborted).toBe(false);
  });
});

describe("limits", () => {
  test("beyond limits.calls a newcomer is refused to be tried again, before anything is remembered; who asks again is not (P6)", async () => {
    const { hub, calls, settle } = setUp({ limits: { calls: 2 } });
    await Promise.all([ask(hub, callFrame("k1", "1")), ask(hub, callFrame("k2", "2"))]);
    const refused = await ask(hub, callFrame("k3", "3"));
    expect(seen(refused).now).toBe("unavailable");
    expect(hub.stats()).toMatchObject({ calls: 2, broker: { keys: 2 }, counters: { "calls.refused.unavailable": 1 } });
    const again = seen(await ask(hub, callFrame("k1", "1")));
    calls.runs[0]?.answer("one");
    await settle();
    expect(again.now).toBe("one");
    expect(seen(await ask(hub, callFrame("k3", "3"))).now).toBe("running");
    expect(calls.texts).toEqual(["1", "2", "3"]);
  });

  test("those that are just being claimed count (P6)", async () => {
    const waiting: (() => void)[] = [];
    const around = (memory: Broker): Partial<Broker> => ({
      claim: async (...args) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return memory.claim(...args);
      },
    });
    const { hub, settle } = setUp({ limits: { calls: 1 }, around });
    const first = ask(hub, callFrame("k1", "1"));
    expect(seen(await ask(hub, callFrame("k2", "2"))).now).toBe("unavailable");
    for (const go of waiting) go();
    await first;
    await settle();
    expect(hub.stats().calls).toBe(1);
  });

  test("an input over limits.messageBytes is too-large and not started; an answer over it is too-large and kept (P5, P6)", async () => {
    const { hub, calls, settle } = setUp({ limits: { messageBytes: 10 } });
    expect(seen(await ask(hub, callFrame("k1", "x".repeat(11)))).now).toBe("too-large");
    expect([calls.texts, hub.stats().broker.keys]).toEqual([[], 0]);
    const asked = [seen(await ask(hub, callFrame("k2", "2"))), seen(await ask(hub, callFrame("k3", "3")))];
    calls.runs[0]?.answer("x".repeat(11));
    calls.runs[1]?.fail(new EitherwayError("call-failed", "No.", { details: { name: "x", data: "x".repeat(11) } }));
    await settle();
    asked.push(seen(await ask(hub, callFrame("k2", "2"))));
    expect(asked.map(({ now }) => now)).toEqual(["too-large", "too-large", "too-large"]);
  });
});

test("payloads of every kind come in and go out as they are", async () => {
  const { open, settle } = setUp({ handler: { prepare: (input) => async () => input } });
  const link = open({});
  link.read();
  const payloads = [
    jsonPayload({ a: [1] }),
    textPayload("a\n"),
    { kind: "bytes", data: new Uint8Array([0, 255]) },
  ] as const;
  for (const [n, payload] of payloads.entries()) link.send({ ...callFrame(`k${n}`, ""), payload });
  await settle();
  const answers = link.readFrames().map((frame) => (frame.t === "ok" ? frame.answer : frame));
  expect(answers.map((answer) => JSON.stringify(answer))).toEqual([
    '{"kind":"json","data":{"a":[1]}}',
    '{"kind":"text","data":"a\\n"}',
    '{"kind":"bytes","data":{"0":0,"1":255}}',
  ]);
});
