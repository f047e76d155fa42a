/** Calls where something goes away: a node, the broker, the server. */
import { describe, expect, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import { EitherwayError } from "../../src/protocol/index.ts";
import { anotherHub, callFrame, playedCalls, seen } from "../support/played-calls.ts";
import { ask, createCallHub as setUp, TIMEOUT_MS } from "./call-hub.ts";

/** Longer than the lease of a call. */
const LEASE_OVER_MS = TIMEOUT_MS + 11_000;

/** Passes the time second by second, as those who look again and again need it. */
async function outliveLease({ clock, settle }: Pick<ReturnType<typeof setUp>, "clock" | "settle">): Promise<void> {
  for (let passed = 0; passed < LEASE_OVER_MS; passed += 1_000) {
    clock.advance(1_000);
    await settle();
  }
}

/** A node that starts calls and never comes to settle one; `store` is what it shares with others. */
function dyingNode(handler: Parameters<typeof playedCalls>[0] = {}) {
  let store: Broker | undefined;
  const around = (memory: Broker): Partial<Broker> => {
    store = memory;
    return { settle: async () => {} };
  };
  return { ...setUp({ handler, around }), store: () => store as Broker };
}

describe("several nodes", () => {
  test("a call that runs on one is waited for on another, and is answered alike (P3, P5)", async () => {
    const { hub, calls, clock, settle } = setUp();
    const other = playedCalls();
    const second = anotherHub(hub, other);
    await ask(hub, callFrame("k", "hi"));
    const asked = [seen(await ask(second, callFrame("k", "hi"))), seen(await ask(second, callFrame("k", "hi")))];
    expect(second.stats().calls).toBe(1); // one wait for both
    clock.advance(1_000);
    await settle();
    expect(asked.map(({ now }) => now)).toEqual(["running", "running"]);
    calls.runs[0]?.answer("yo");
    await settle();
    clock.advance(2_000);
    await settle();
    expect(asked.map(({ now }) => now)).toEqual(["yo", "yo"]);
    expect([other.texts, second.stats().calls]).toEqual([[], 0]);
  });

  test("what a node left behind is outcome-unknown once its lease is over, for who waits and who asks (P5)", async () => {
    const { hub, calls, clock, settle, store } = dyingNode();
    const other = playedCalls();
    const second = anotherHub(hub, other, { broker: store() });
    await ask(hub, callFrame("k", "hi"));
    const waiting = seen(await ask(second, callFrame("k", "hi")));
    await outliveLease({ clock, settle });
    expect(waiting.now).toBe("outcome-unknown");
    expect(seen(await ask(second, callFrame("k", "hi"))).now).toBe("outcome-unknown");
    expect([calls.texts, other.texts, second.stats().calls]).toEqual([["hi"], [], 0]);
  });

  test("what may be repeated is started again there, once, and answers everybody (P5)", async () => {
    const { hub, clock, settle, store } = dyingNode({ repeatable: true });
    const other = playedCalls({ repeatable: true });
    const second = anotherHub(hub, other, { broker: store() });
    await ask(hub, callFrame("k", "hi"));
    const waiting = seen(await ask(second, callFrame("k", "hi")));
    await outliveLease({ clock, settle });
    expect(other.texts).toEqual(["hi"]);
    other.runs[0]?.answer("yo");
    await settle();
    expect([waiting.now, seen(await ask(second, callFrame("k", "hi"))).now]).toEqual(["yo", "yo"]);
  });
});

describe("a broker that fails", () => {
  const down = new EitherwayError("unavailable", "The store cannot be reached.");

  test("before the start refuses the call for now, and it is started when it comes again (P5)", async () => {
    let broken = true;
    const around = (memory: Broker): Partial<Broker> => ({
      claim: (...args) => (broken ? Promise.reject(down) : memory.claim(...args)),
    });
    const { hub, calls } = setUp({ around });
    expect(seen(await ask(hub, callFrame("k", "hi"))).now).toBe("unavailable");
    expect([calls.texts, hub.stats().calls]).toEqual([[], 0]);
    broken = false;
    expect(seen(await ask(hub, callFrame("k", "hi"))).now).toBe("running");
  });

  test("at the end gives the answer to who waits, and outcome-unknown to who asks after the lease (P5)", async () => {
    const around = (): Partial<Broker> => ({ settle: () => Promise.reject(new Error("gone")) });
    const { hub, calls, clock, settle, errors } = setUp({ around });
    const outcome = seen(await ask(hub, callFrame("k", "hi")));
    calls.runs[0]?.answer("yo");
    await settle();
    expect(outcome.now).toBe("yo");
    clock.advance(LEASE_OVER_MS);
    expect(seen(await ask(hub, callFrame("k", "hi"))).now).toBe("outcome-unknown");
    expect(errors).toEqual(['call answer not kept {"channel":"room","call":"send","cause":"Error: gone"}']);
    expect(hub.stats().counters["calls.unkept"]).toBe(1);
  });

  test("with a reason of its own has no line for each call: the store tells of it once", async () => {
    const around = (): Partial<Broker> => ({ settle: () => Promise.reject(down) });
    const { hub, calls, settle, errors } = setUp({ around });
    const outcome = seen(await ask(hub, callFrame("k", "hi")));
    calls.runs[0]?.answer("yo");
    await settle();
    expect([outcome.now, errors, hub.stats().counters["calls.unkept"]]).toEqual(["yo", [], 1]);
  });

  test("before the start in a way that nobody foresaw is logged, with its kind and place (P11, P12)", async () => {
    const around = (): Partial<Broker> => ({ claim: () => Promise.reject(new TypeError("hunter2")) });
    const { hub, calls, errors } = setUp({ around });
    expect(seen(await ask(hub, callFrame("k", "hi"))).now).toBe("internal");
    expect([calls.texts, hub.stats().calls]).toEqual([[], 0]);
    const line = /^call not started {"channel":"room","call":"send","cause":"TypeError at /;
    expect(errors).toEqual([expect.stringMatching(line)]);
    expect(errors[0]).not.toContain("hunter2");
  });

  test("while a call of another node is waited for lets that be asked again (P5)", async () => {
    let broken = false;
    const around = (memory: Broker): Partial<Broker> => ({
      claim: (...args) => (broken ? Promise.reject(down) : memory.claim(...args)),
    });
    const { hub, clock, settle } = setUp({ around });
    const second = anotherHub(hub, playedCalls());
    await ask(hub, callFrame("k", "hi"));
    const waiting = seen(await ask(second, callFrame("k", "hi")));
    broken = true;
    clock.advance(1_000);
    await settle();
    expect([waiting.now, second.stats().calls]).toEqual(["unavailable", 0]);
  });
});

describe("close (P10)", () => {
  test("waits for calls that run, whose answers are kept; then tells the others to stop", async () => {
    const { hub, calls, clock, settle, broker } = setUp();
    await ask(hub, callFrame("k1", "1"));
    await ask(hub, callFrame("k2", "2"));
    let closed = false;
    void hub.close("drain", "", 3_000).then(() => {
      closed = true;
    });
    calls.runs[0]?.answer("one");
    await settle();
    expect([closed, calls.runs[1]?.context.signal.aborted]).toEqual([false, false]);
    clock.advance(3_000);
    await settle();
    expect([closed, calls.runs[1]?.context.signal.aborted]).toEqual([true, true]);
    expect(calls.runs[1]?.context.signal.reason).toMatchObject({ code: "drain" });
    const second = anotherHub({ ...hub, broker }, playedCalls());
    expect(seen(await ask(second, callFrame("k1", "1"))).now).toBe("one");
  });

  test("makes what a handler gave up as it was told an unknown outcome, without a word in the log", async () => {
    const { hub, calls, clock, settle, errors } = setUp();
    const outcome = seen(await ask(hub, callFrame("k", "hi")));
    void hub.close("drain", "", 3_000);
    clock.advance(3_000);
    calls.runs[0]?.fail(new Error("aborted"));
    await settle();
    expect([outcome.now, errors]).toEqual(["outcome-unknown", []]);
  });

  test("is over with the last call, before its grace", async () => {
    const { hub, calls, settle } = setUp();
    await ask(hub, callFrame("k", "hi"));
    let closed = false;
    void hub.close("drain", "", 3_000).then(() => {
      closed = true;
    });
    await settle();
    expect(closed).toBe(false);
    calls.runs[0]?.answer("yo");
    await settle();
    expect(closed).toBe(true);
  });
});
