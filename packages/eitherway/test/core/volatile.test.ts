/** Volatile messages on their way through the hub: to who is live and has room, and to nobody later. */
import { describe, expect, test } from "vitest";
import type { Admitted, Rules } from "../../src/core/index.ts";
import { type AnnounceFrame, EitherwayError, textPayload } from "../../src/protocol/index.ts";
import { createTestHub, publishFrame, type TestLink } from "./support.ts";

const announceFrame = (channel: string, text: string, event = "message"): AnnounceFrame => ({
  t: "announce",
  channel,
  event,
  payload: textPayload(text),
});

/** Frames in words; volatile runs as `volatile a,b`. */
function seen(link: TestLink): string[] {
  return link.readFrames().map((frame) => {
    if (frame.t !== "messages") return frame.t;
    const texts = frame.messages.map(({ data }) => String(data)).join();
    return frame.epoch === undefined ? `volatile ${texts}` : texts;
  });
}

/** Event `typing` is volatile, `slow` as well but its validator takes its time; all others are reliable. */
const rules: Rules = {
  checkChannel() {},
  presence: (_channel, state) => state,
  admit(_channel, event, payload): Admitted | Promise<Admitted> {
    if (event === "wrong") throw new EitherwayError("unknown-event", "There is no such event; give another one.");
    if (event !== "typing" && event !== "slow") return { payload, delivery: { class: "reliable" } };
    const admitted: Admitted = { payload, delivery: { class: "volatile" } };
    return event === "typing" ? admitted : new Promise((resolve) => setImmediate(() => resolve(admitted)));
  },
};

describe("an announcement", () => {
  test("leaves at the end of the turn, as one run behind what was appended, in one write (P1)", async () => {
    const { open, append, settle, clock, hub } = createTestHub();
    const [link, other] = [open({ a: "now" }), open({ a: "now" })];
    await settle();
    for (const one of [link, other]) one.read();
    link.send(announceFrame("a", "v1"));
    await append("a", "1");
    link.send(announceFrame("a", "v2"));
    expect(link.read()).toEqual([]);
    clock.turn();
    expect([seen(link), seen(other)]).toEqual([
      ["1", "volatile v1,v2"],
      ["1", "volatile v1,v2"],
    ]);
    expect(link.gathered.at(-1)).toBe(2);
    expect(new Set([link, other].map(({ writes }) => writes.at(-1))).size).toBe(1); // encoded once
    expect(hub.stats()).toMatchObject({
      unflushedBytes: 0,
      counters: { "volatile.announced": 2, "volatile.delivered": 4 },
    });
  });

  test("moves nobody's cursor: what comes next joins up (P2)", async () => {
    const { open, publish, settle } = createTestHub();
    const link = open({ a: "now" });
    await settle();
    await publish("a", "1");
    link.send(announceFrame("a", "v"));
    await settle();
    await publish("a", "2");
    expect(seen(link)).toEqual(["welcome", "live", "1", "volatile v", "2"]);
  });

  test("misses who is full or reads on from the log, and is counted as dropped (P6, P7)", async () => {
    const { open, publish, settle, hub } = createTestHub();
    const [link, slow] = [open({ a: "now" }), open({ a: "now" }, { room: 3 })];
    await settle();
    await publish("a", "1"); // fills it
    link.send(announceFrame("a", "to a full one"));
    await settle();
    await publish("a", "2"); // now it lags
    link.send(announceFrame("a", "to one that lags"));
    await settle();
    expect(hub.stats().counters["volatile.dropped"]).toBe(2);
    slow.drain();
    await settle();
    link.send(announceFrame("a", "to both"));
    await settle();
    expect(seen(slow)).toEqual(["welcome", "live", "1", "2", "volatile to both"]);
    expect(seen(link).filter((what) => what.startsWith("volatile"))).toHaveLength(3);
  });

  test("makes no log, and goes nowhere where nobody listens (P6)", async () => {
    const { open, settle, hub } = createTestHub();
    open().send(announceFrame("a", "v"));
    await settle();
    expect(hub.stats()).toMatchObject({ broker: { channels: 0 }, unflushedBytes: 0 });
  });

  test("counts in unflushed bytes, and is dropped beyond them: it waits for nothing (P6)", async () => {
    const { open, settle, hub } = createTestHub({ limits: { unflushedBytes: 1_000 } });
    const link = open({ a: "now" });
    await settle();
    link.read();
    for (let n = 0; n < 5; n++) {
      link.send(announceFrame("a", `${n}${"x".repeat(400)}`));
      await Promise.resolve();
    }
    expect(hub.stats().unflushedBytes).toBeLessThan(2_000);
    await settle();
    const [run] = seen(link);
    expect(run?.match(/\d/g)).toEqual(["0", "1", "2"]);
    expect(hub.stats()).toMatchObject({ unflushedBytes: 0, counters: { "volatile.dropped": 2 } });
  });

  test("with a run in slices each gets it once, also who leaves and comes back meanwhile (P1)", async () => {
    const { open, settle, clock } = createTestHub({ limits: { links: 2_000 } });
    const crowd = Array.from({ length: 1_200 }, () => open({ a: "now" }));
    await settle();
    for (const link of crowd) link.read();
    crowd[0]?.send(announceFrame("a", "v"));
    clock.turn();
    expect(crowd.filter((link) => link.writes.length > 2)).toHaveLength(500);
    const late = open({ a: "now" });
    crowd[700]?.send({ t: "unsubscribe", channels: ["a"] });
    crowd[1]?.send({ t: "subscribe", channels: new Map([["a", "now"]]) });
    await settle();
    const heard = crowd.map((link) =>
      seen(link)
        .filter((what) => what !== "live")
        .join(),
    );
    expect(heard).toEqual(crowd.map((_, i) => (i === 700 ? "" : "volatile v")));
    expect(seen(late)).toEqual(["welcome", "live"]); // it came behind it
  });

  test("more than 64 KiB of them leave as several runs, between those of the log", async () => {
    const { open, append, settle } = createTestHub();
    const link = open({ a: "now" });
    await settle();
    link.read();
    const large = "x".repeat(40_000);
    await append("a", `1${large}`, `2${large}`);
    for (const n of [1, 2]) link.send(announceFrame("a", `${n}${large}`));
    await settle();
    expect(seen(link).map((what) => what.replaceAll("x", ""))).toEqual(["1", "volatile 1", "2", "volatile 2"]);
    expect(Math.max(...link.writes.map((bytes) => bytes.length))).toBeLessThan(66_000);
  });

  test.each([
    ["fails on it", new Error("gone"), ['announcement failed {"channel":"a","cause":"Error: gone"}']],
    ["says why it cannot tell it", new EitherwayError("unavailable", "The store is away."), []],
  ])("a broker that %s drops it, and nothing else fails", async (_what, thrown, logged) => {
    const { open, settle, hub, warnings } = createTestHub({
      around: () => ({ announce: () => Promise.reject(thrown) }),
    });
    const link = open({ a: "now" });
    await settle();
    link.read();
    link.send(announceFrame("a", "v"));
    await settle();
    expect(seen(link)).toEqual([]);
    expect(hub.stats().counters["volatile.dropped"]).toBe(1);
    expect(warnings).toEqual(logged);
  });
});

describe("an announcement that is refused", () => {
  test("is an error without key and channel, is counted, and the link goes on (P12)", async () => {
    const { open, settle, hub } = createTestHub({ limits: { messageBytes: 10 } });
    const link = open({ a: "now" });
    await settle();
    link.read();
    link.send(announceFrame("a", "x".repeat(11)));
    link.send(announceFrame("a", "short"));
    await settle();
    const frames = link.readFrames();
    expect(frames[0]).toMatchObject({ t: "error", code: "too-large" });
    expect(frames[0]).not.toHaveProperty("channel", expect.anything());
    expect(frames[1]).toMatchObject({ t: "messages", epoch: undefined });
    expect(hub.stats().counters["announce.refused.too-large"]).toBe(1);
  });

  test("with rules only volatile events are announced; any other is to be published (P12)", async () => {
    const { open, settle, hub } = createTestHub({ rules });
    const link = open({ a: "now" });
    await settle();
    link.read();
    for (const event of ["typing", "message", "wrong"]) link.send(announceFrame("a", event, event));
    await settle();
    expect(link.read()).toEqual(["error bad-request", "error unknown-event", "messages a typing"]);
    expect(hub.stats().counters).toMatchObject({
      "announce.refused.bad-request": 1,
      "announce.refused.unknown-event": 1,
    });
  });

  test("those of a link keep their order though a validator is slow; more than limits.inFlight meanwhile are dropped (P1, P6)", async () => {
    const { open, settle, hub } = createTestHub({ rules, limits: { inFlight: 3 } });
    const link = open({ a: "now" });
    await settle();
    link.read();
    for (const [n, event] of ["slow", "typing", "slow", "typing", "typing"].entries()) {
      link.send(announceFrame("a", `${n}`, event));
    }
    await settle();
    await new Promise(setImmediate);
    await settle();
    expect(seen(link).join().replaceAll("volatile ", "")).toBe("0,1,2,3");
    expect(hub.stats().counters["volatile.dropped"]).toBe(1);
  });
});

describe("a publish of a volatile event", () => {
  test("is announced in its place, and its answer has no id (P1)", async () => {
    const { open, settle, hub } = createTestHub({ rules });
    const link = open({ a: "now" });
    await settle();
    link.read();
    link.send(publishFrame("c.1", "a", "1"));
    link.send({ ...publishFrame("c.2", "a", "v"), event: "typing" });
    link.send(publishFrame("c.3", "a", "2"));
    await settle();
    const frames = link.readFrames();
    expect(frames.flatMap((frame) => (frame.t === "ok" ? [[frame.key, frame.id === undefined]] : []))).toEqual([
      ["c.1", false],
      ["c.2", true],
      ["c.3", false],
    ]);
    const runs = frames.flatMap((frame) => (frame.t === "messages" ? [frame] : []));
    expect(runs.filter(({ epoch }) => epoch === undefined)).toHaveLength(1);
    expect(hub.stats().broker.channels).toBe(1);
  });
});
