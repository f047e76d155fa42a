import { describe, expect, test } from "vitest";
import type { Broker, Receipt } from "../../src/core/index.ts";
import { type Cursor, EitherwayError } from "../../src/protocol/index.ts";
import { createTestHub, publishFrame } from "./support.ts";

const PING = 15_000;

describe("welcome", () => {
  test("tells what a client may rely on", () => {
    const { open, hub } = createTestHub({ limits: { messageBytes: 10, subscriptions: 3 }, pingMs: PING });
    const [welcome] = open().readFrames();
    const { frameBytes, inFlight } = hub.limits;
    expect(welcome).toEqual({
      t: "welcome",
      ping: PING,
      keyWindow: 300_000,
      limits: { messageBytes: 10, frameBytes, subscriptions: 3, inFlight },
    });
  });
});

describe("heartbeat", () => {
  test("a link without other traffic gets a ping every 15 s (S10, P11)", () => {
    const { open, clock } = createTestHub({ pingMs: PING });
    const link = open({}, { heartbeat: "ping" });
    clock.advance(1_200);
    link.read();
    clock.advance(PING + 200);
    expect(link.read()).toEqual(["ping"]);
    clock.advance(10 * (PING + 200));
    expect(link.read()).toEqual(Array.from({ length: 10 }, () => "ping"));
    expect(link.closedWith).toBeUndefined(); // a peer that only listens is not expected to answer
  });

  test("a ping is made once for all links of a framing", () => {
    const { open, clock } = createTestHub({ pingMs: PING });
    const links = [open({ a: "now" }), open(), open({}, { heartbeat: "ping" })];
    clock.advance(PING + 200);
    const pings = links.map((link) => link.writes.at(-1));
    expect(links.map((link) => link.read().at(-1))).toEqual(["ping", "ping", "ping"]);
    expect(new Set(pings).size).toBe(1);
  });

  test("one that only listens gets the first ping after 1 s, whatever else went, to see whether it comes at all (S4)", async () => {
    const { open, clock, publish, settle } = createTestHub({ pingMs: PING });
    const [stream, socket] = [open({ a: "now" }, { heartbeat: "ping" }), open({ a: "now" })];
    await settle();
    clock.advance(900);
    await publish("a", "x");
    for (const link of [stream, socket]) expect(link.read()).not.toContain("ping");
    clock.advance(300);
    expect([stream.read(), socket.read()]).toEqual([["ping"], []]);
  });

  test("messages are signs of life of ours: no ping is wasted", async () => {
    const { open, clock, publish, settle } = createTestHub({ pingMs: PING });
    const link = open({ a: "now" }, { heartbeat: "ping" });
    await settle();
    clock.advance(1_200);
    link.read();
    for (let i = 0; i < 10; i++) {
      clock.advance(PING / 2);
      await publish("a", "x");
    }
    expect(link.read()).not.toContain("ping");
    clock.advance(PING + 200);
    expect(link.read()).toEqual(["ping"]);
  });

  test("a peer that answers lives; one that does not is closed as silent, also while messages flow to it (P11)", async () => {
    const { open, clock, publish, settle, hub } = createTestHub({ pingMs: PING });
    const [alive, dead] = [open({ a: "now" }), open({ a: "now" })];
    await settle();
    for (let i = 0; i < 8; i++) {
      clock.advance(PING / 2);
      if (alive.read().includes("ping")) alive.send({ t: "pong" });
      if (dead.closedWith) break;
      await publish("a", "x");
    }
    expect(dead.closedWith?.code).toBe("silent");
    expect(alive.closedWith).toBeUndefined();
    expect(hub.stats().counters["links.closed.silent"]).toBe(1);
  });

  test("a link too short-lived for a heartbeat has no deadline", () => {
    const { open, hub } = createTestHub();
    open({}, { heartbeat: "none" });
    expect(hub.stats().timers).toBe(0);
  });
});

describe("slow reader", () => {
  test("a link that stays full for 30 s is closed as slow, to come back; one that drains in time is not (P6, P7)", async () => {
    const { open, clock, publish, settle, hub } = createTestHub({ pingMs: 1e9, limits: { slowMs: 30_000 } });
    const [stuck, slow] = [open({ a: "now" }, { room: 3 }), open({ a: "now" }, { room: 3 })];
    await settle();
    await publish("a", "1");
    clock.advance(29_000);
    slow.drain();
    clock.advance(2_000);
    await settle();
    expect(stuck.closedWith?.code).toBe("slow");
    expect(hub.stats().counters).toMatchObject({ "links.closed.slow": 1, "links.filled": 2 });
    expect(slow.closedWith).toBeUndefined();
    expect(hub.stats().subscriptions).toEqual({ reading: 0, live: 1, lagging: 0 });
    stuck.session.closed();
    expect(hub.stats()).toMatchObject({ links: 1, timers: 1 });
  });
});

describe("bad frames (P12)", () => {
  test.each(["unknown-frame", "bad-channel", "reserved-channel", "bad-event", "bad-key"] as const)(
    "%s is told, and the link goes on",
    async (code) => {
      const { open, settle, hub } = createTestHub();
      const link = open();
      link.session.reject(new EitherwayError(code, "no"));
      link.send(publishFrame("k", "a", "x"));
      await settle();
      expect(link.read()).toEqual(["welcome", `error ${code}`, "ok k"]);
      expect(hub.stats().counters[`frames.rejected.${code}`]).toBe(1);
    },
  );

  test.each(["bad-frame", "bad-json", "bad-utf8", "bad-cursor", "too-large"] as const)(
    "%s ends the link: what follows it cannot be trusted",
    (code) => {
      const { open, hub } = createTestHub();
      const link = open({ a: "now" });
      link.session.reject(new EitherwayError(code, "no"));
      link.session.reject(new EitherwayError(code, "no"));
      expect(link.closedWith).toEqual({ code, message: "no" });
      expect(hub.stats()).toMatchObject({ watched: 0, timers: 0 });
    },
  );

  test("a second hello ends the link", () => {
    const { open } = createTestHub();
    const link = open();
    link.send({ t: "hello", client: "c", channels: new Map() });
    expect(link.closedWith?.code).toBe("bad-frame");
  });

  test("after closed nothing is written, whatever still happens", async () => {
    const { open, publish, settle, hub } = createTestHub();
    const link = open({ a: "now" }, { room: 3 });
    await settle();
    await publish("a", "1");
    link.read();
    link.send(publishFrame("k", "a", "x"));
    link.session.closed();
    link.session.closed();
    link.drain();
    link.send(publishFrame("k2", "a", "y"));
    link.session.reject(new EitherwayError("bad-json", "no"));
    await publish("a", "2");
    expect(link.read()).toEqual([]);
    expect(hub.stats()).toMatchObject({ links: 0, watched: 0, timers: 0, unflushedBytes: 0 });
    expect(hub.stats().counters["links.closed"]).toBe(1);
  });
});

const named = (count: number): Record<string, Cursor> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`c/${i}`, "now"]));

describe("subscriptions", () => {
  test("a name that is none is an error of its own subscription (P12)", async () => {
    const { open, settle, hub } = createTestHub();
    const link = open({ "a//b": "now", "@control": "now", good: "now" });
    await settle();
    expect(link.read()).toEqual(["welcome", "error a//b bad-channel", "error @control reserved-channel", "live good"]);
    expect(hub.stats().broker.channels).toBe(1);
  });

  test("beyond limits.subscriptions each further channel is refused, those before go on (P6, P12)", async () => {
    const { open, publish, settle, hub } = createTestHub({ limits: { subscriptions: 2 } });
    const link = open({ a: "now", b: "now", c: "now" });
    await settle();
    expect(link.read()).toEqual(["welcome", "error c too-many-subscriptions", "live a", "live b"]);
    link.send({ t: "unsubscribe", channels: ["a"] });
    link.send({ t: "subscribe", channels: new Map([["c", "now"]]) });
    await settle();
    await publish("c", "1");
    expect(link.read()).toEqual(["live c", "messages c 1"]);
    expect(hub.stats().counters["subscriptions.refused.too-many-subscriptions"]).toBe(1);
  });

  test("twice as many channels as a link may have stay within the limit (P6)", async () => {
    const { open, settle, hub } = createTestHub();
    const link = open(named(2_000));
    await settle();
    const { live } = hub.stats().subscriptions;
    expect(live).toBe(hub.limits.subscriptions);
    expect(link.read().filter((frame) => frame.endsWith("too-many-subscriptions")).length).toBe(1_000);
  });

  test("a frame that names over 1,000 more than a link may have ends the link: answers are no multiple of it (P6, P12)", async () => {
    const { open, settle, hub } = createTestHub();
    const greedy = open(named(2_001));
    const later = open();
    later.send({ t: "subscribe", channels: new Map(Object.entries(named(2_001))) });
    await settle();
    for (const link of [greedy, later]) {
      expect(link.read()).toEqual(["welcome"]);
      expect(link.closedWith).toMatchObject({
        code: "too-many-subscriptions",
        message:
          "One frame names 2001 channels, and a link may have 1000; subscribe to fewer, or raise limits.subscriptions.",
      });
    }
    expect(hub.stats()).toMatchObject({
      broker: { channels: 0 },
      counters: { "links.closed.too-many-subscriptions": 2 },
    });
  });

  test("when the broker takes no more channels the subscription fails, to be tried later (P6, P12)", async () => {
    const { open, publish, settle } = createTestHub({ limits: { channels: 1 } });
    await publish("a", "1");
    const link = open({ a: "now", b: "now" });
    await settle();
    expect(link.read().sort()).toEqual(["error b too-many-channels", "live a", "welcome"]);
  });
});

describe("commands", () => {
  test("are answered in the order sent, over all channels (P5)", async () => {
    const { open, settle } = createTestHub();
    const link = open({}, { client: "c" });
    for (let i = 1; i <= 6; i++) link.send(publishFrame(`c.${Math.ceil(i / 2)}`, i % 2 ? "a" : "b", String(i)));
    await settle();
    expect(link.read()).toEqual(["welcome", "ok c.1", "ok c.1", "ok c.2", "ok c.2", "ok c.3", "ok c.3"]);
  });

  test("a repeated key is applied once and gets its first receipt, over another link too (P5)", async () => {
    const { open, settle, hub } = createTestHub();
    const [one, two] = [open({}, { client: "c" }), open({}, { client: "c" })];
    one.send(publishFrame("c.1", "a", "x"));
    await settle();
    two.send(publishFrame("c.1", "a", "x"));
    await settle();
    expect(two.readFrames()[1]).toEqual(one.readFrames()[1]);
    expect(hub.stats().counters).toMatchObject({ "messages.published": 1, "publish.repeated": 1 });
  });

  test("a payload over limits.messageBytes is refused alone, in its place (P12)", async () => {
    const { open, settle, hub } = createTestHub({ limits: { messageBytes: 5 } });
    const link = open({ a: "now" }, { client: "c" });
    await settle();
    link.read();
    link.send(publishFrame("c.1", "a", "12345"));
    link.send(publishFrame("c.2", "a", "123456"));
    link.send(publishFrame("c.3", "a", "three"));
    await settle();
    expect(link.read()).toEqual(["ok c.1", "error c.2 too-large", "ok c.3", "messages a 12345,three"]);
    expect(hub.stats().counters["publish.refused.too-large"]).toBe(1);
  });

  test("behind one that failed for now, later ones of its channel fail alike, so that order holds when all come again (P1, P5)", async () => {
    let broken = true;
    const { open, settle } = createTestHub({
      around: (memory): Partial<Broker> => ({
        async publish(channel, drafts): Promise<readonly Receipt[]> {
          if (!broken || channel !== "a") return memory.publish(channel, drafts);
          const error = new EitherwayError("unavailable", "not now");
          return drafts.map(() => ({ ok: false, error }));
        },
      }),
    });
    const link = open({ a: "now" }, { client: "c" });
    await settle();
    link.send(publishFrame("c.1", "a", "1"));
    link.send(publishFrame("c.2", "a", "2"));
    link.send(publishFrame("c.1", "b", "other"));
    await settle();
    broken = false;
    link.send(publishFrame("c.3", "a", "3"));
    await settle();
    expect(link.read()).toEqual([
      "welcome",
      "live a",
      "error c.1 unavailable",
      "error c.2 unavailable",
      "ok c.1",
      "error c.3 unavailable",
    ]);
    for (let i = 1; i <= 3; i++) link.send(publishFrame(`c.${i}`, "a", String(i)));
    await settle();
    expect(link.read()).toEqual(["ok c.1", "ok c.2", "ok c.3", "messages a 1,2,3"]);
  });

  test("more unanswered ones than limits.inFlight stop the reading of the link until they are answered (P6)", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { hub, open, settle } = createTestHub({
      limits: { inFlight: 4 },
      around: (memory): Partial<Broker> => ({
        publish: async (...args) => {
          await gate;
          return memory.publish(...args);
        },
      }),
    });
    const link = open({}, { client: "c" });
    for (let i = 1; i <= 4; i++) link.send(publishFrame(`c.${i}`, "a", "x"));
    expect(link.reading).toBe(true); // one is at the broker, three wait
    expect(hub.stats().counters).not.toHaveProperty("links.paused");
    link.send(publishFrame("c.5", "a", "x"));
    expect(link.reading).toBe(false);
    expect(hub.stats().counters).toMatchObject({ "links.paused": 1 });
    release();
    await settle();
    expect(link.reading).toBe(true);
    expect(link.read()).toEqual(["welcome", "ok c.1", "ok c.2", "ok c.3", "ok c.4", "ok c.5"]);
  });
});
