/** Windows of collapse keys before the append, over a hub whose rules say that every message is the newest of its key. */
import { describe, expect, test } from "vitest";
import type { Broker, Draft, Limits, Published, Rules } from "../../src/core/index.ts";
import { EitherwayError, type PublishFrame, textPayload } from "../../src/protocol/index.ts";
import { createTestHub, publishFrame } from "./support.ts";

const WINDOW_MS = 100;

/** `k 1`: message 1 of the key k. `plain` is reliable. */
const rules: Rules = {
  admit: (_channel, _event, payload) => {
    const text = String(payload.data);
    const delivery = text.startsWith("plain")
      ? ({ class: "reliable" } as const)
      : ({ class: "latest", collapse: text.split(" ")[0] ?? "", windowMs: WINDOW_MS } as const);
    return { payload, delivery };
  },
  presence: (_channel, state) => state,
  checkChannel() {},
};

interface Options {
  readonly limits?: Partial<Limits>;
  readonly around?: (memory: Broker) => Partial<Broker>;
}

function setUp(options: Options = {}) {
  const test = createTestHub({ rules, ...options });
  const { hub, broker, clock } = test;
  const brief = (published: readonly Published[]) =>
    published.map((one) => (one.ok ? Number.parseInt(one.id?.split("-")[1] ?? "", 36) : one.error.code)).join();
  return {
    ...test,
    /** Publishes as the server does; what comes of it, briefly: seqs, or codes. */
    publish: (...texts: string[]) => hub.publish("a", texts.map(draft), true).then(brief),
    /** With a key of an application, as over HTTP. */
    publishKeyed: (key: string, text: string) =>
      hub.publish("a", [{ ...draft(text), key: { kind: "foreign", user: "", key } }]).then(brief),
    async pass(ms = WINDOW_MS) {
      await clock.settle();
      clock.advance(ms);
      await clock.settle();
    },
    async log() {
      const page = await broker.readBefore("a", undefined, { messages: 1_000, bytes: 1_000_000 });
      return (page?.messages ?? []).map(({ payload }) => payload.data);
    },
  };
}

function draft(text: string): Draft {
  return { event: "message", payload: textPayload(text) };
}

/** Command `counter` of the client. */
function frame(client: string, counter: number, text: string): PublishFrame {
  return publishFrame(`${client}.${counter}`, "a", text);
}

describe("a collapse key with a window", () => {
  test("has its first message appended at once, and then the newest of each window", async () => {
    const { publish, pass, log, hub } = setUp();
    expect(await publish("k 1")).toBe("1");
    const held = [publish("k 2"), publish("k 3"), publish("k 4")];
    await pass(WINDOW_MS - 1);
    expect(await log()).toEqual(["k 1"]);
    await pass(1);
    expect(await Promise.all(held)).toEqual(["2", "2", "2"]);
    const next = publish("k 5"); // the window after that has begun
    await pass();
    expect(await next).toBe("3");
    expect(await log()).toEqual(["k 1", "k 4", "k 5"]);
    expect(hub.stats().counters).toMatchObject({ "latest.replaced": 2, "messages.published": 3 });
  });

  test("has its next message appended at once where a window has passed without one, and waits for nothing then", async () => {
    const { publish, pass, clock, hub } = setUp();
    await publish("k 1");
    await pass();
    expect(clock.pending).toBe(1); // of the broker, which lets go what is old
    expect(await publish("k 2")).toBe("2");
    expect(hub.stats().windowBytes).toBe(0);
  });

  test("is one of many, each with its own window; all that end together are one append", async () => {
    const appends: number[] = [];
    const around = (memory: Broker) => ({
      publish: (channel: string, drafts: readonly Draft[]) => {
        appends.push(drafts.length);
        return memory.publish(channel, drafts);
      },
    });
    const { publish, pass, log } = setUp({ around });
    expect(await publish("k 1", "m 1", "n 1")).toBe("1,2,3");
    const held = publish("n 2", "k 2", "m 2", "n 3", "plain");
    await pass();
    expect(await held).toBe("7,5,6,7,4");
    expect(await log()).toEqual(["k 1", "m 1", "n 1", "plain", "k 2", "m 2", "n 3"]);
    expect(appends).toEqual([3, 1, 3]);
  });

  test("holds up no other message behind it (P7)", async () => {
    const { open, settle, pass } = setUp();
    const link = open();
    link.send(frame("client-1", 1, "k 1"));
    link.send(frame("client-1", 2, "k 2"));
    link.send(frame("client-1", 3, "plain"));
    await settle();
    expect(link.read()).toEqual(["welcome", "ok client-1.1", "ok client-1.3"]);
    await pass();
    expect(link.read()).toEqual(["ok client-1.2"]);
  });

  test("waits longer while the store is slow, and keeps the order of its messages (P1)", async () => {
    const waiting: (() => void)[] = [];
    const around = (memory: Broker) => ({
      publish: async (channel: string, drafts: readonly Draft[]) => {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
        return memory.publish(channel, drafts);
      },
    });
    const { publish, pass, log } = setUp({ around });
    const first = publish("k 1");
    const second = publish("k 2");
    await pass();
    const third = publish("k 3");
    await pass();
    expect(waiting.length).toBe(2); // nothing was asked behind the second, which is on its way
    for (const go of waiting.splice(0)) go();
    await pass();
    for (const go of waiting.splice(0)) go();
    expect(await Promise.all([first, second, third])).toEqual(["1", "2", "3"]);
    expect(await log()).toEqual(["k 1", "k 2", "k 3"]);
  });
});

describe("keys of what was replaced", () => {
  test("get the answer of what stands for them, also when they come again, by any node (P5)", async () => {
    const { publish, publishKeyed, pass, log } = setUp();
    await publish("k 1");
    const held = [publishKeyed("one", "k 2"), publishKeyed("two", "k 3"), publish("k 4")];
    await pass();
    expect(await Promise.all(held)).toEqual(["2", "2", "2"]);
    await pass(); // no window is open
    const again = [publishKeyed("one", "k 2"), publishKeyed("two", "k 3")];
    await pass();
    expect(await Promise.all(again)).toEqual(["2", "2"]);
    await pass();
    expect(await publishKeyed("two", "k 4")).toBe("key-reused");
    expect(await log()).toEqual(["k 1", "k 4"]);
  });

  test("an older message that a client sends again replaces no newer one, in the window and after it (P1, P5)", async () => {
    const { publish, open, pass, log } = setUp();
    await publish("k 0");
    const link = open({}, { client: "c" });
    link.send(frame("c", 1, "k 1"));
    link.send(frame("c", 2, "k 2"));
    await pass(0);
    const again = open({}, { client: "c" });
    again.send(frame("c", 1, "k 1"));
    await pass();
    expect(link.read()).toEqual(["welcome", "ok c.1", "ok c.2"]);
    expect(again.read()).toEqual(["welcome", "ok c.1"]);
    await pass();
    again.send(frame("c", 1, "k 1"));
    again.send(frame("c", 2, "k 2"));
    await pass();
    expect(again.read()).toEqual(["ok c.1", "ok c.2"]);
    expect(await log()).toEqual(["k 0", "k 2"]);
  });

  test("a message that was appended long ago and is only sent again replaces nothing that came since (P2, P5)", async () => {
    const { open, pass, log } = setUp();
    const link = open({}, { client: "c" });
    link.send(frame("c", 1, "k 1"));
    await pass(0);
    const other = open({}, { client: "d" });
    other.send(frame("d", 1, "k 2"));
    await pass(0);
    link.send(frame("c", 1, "k 1")); // its answer was lost on the way
    await pass();
    expect(link.read()).toEqual(["welcome", "ok c.1", "ok c.1"]);
    expect(other.read()).toEqual(["welcome", "ok d.1"]);
    expect(await log()).toEqual(["k 1", "k 2"]);
  });

  test("the same key with another body is key-reused while it waits (P5, P12)", async () => {
    const { publish, publishKeyed, pass } = setUp();
    await publish("k 1");
    const held = publishKeyed("one", "k 2");
    expect(await publishKeyed("one", "k 3")).toBe("key-reused");
    await pass();
    expect(await held).toBe("2");
  });

  test("where the newest is refused for good the one before it is appended, and where it fails for now all are to be tried again (P2, P5)", async () => {
    let refuse: EitherwayError | undefined;
    const around = (memory: Broker) => ({
      publish: async (channel: string, drafts: readonly Draft[]) => {
        const [receipt] = await memory.publish(channel, refuse ? [] : drafts);
        const error = refuse;
        refuse = undefined;
        return [
          error ? { ok: false as const, error } : (receipt ?? { ok: false as const, error: new Error() as never }),
        ];
      },
    });
    const { publish, publishKeyed, pass, log } = setUp({ around });
    await publish("k 1");
    const held = [publishKeyed("one", "k 2"), publishKeyed("two", "k 3")];
    refuse = new EitherwayError("key-reused", "no");
    await pass();
    expect(await Promise.all(held)).toEqual(["2", "key-reused"]);
    const more = [publishKeyed("three", "k 4"), publishKeyed("four", "k 5")];
    refuse = new EitherwayError("unavailable", "not now");
    await pass();
    expect(await Promise.all(more)).toEqual(["unavailable", "unavailable"]);
    const again = [publishKeyed("three", "k 4"), publishKeyed("four", "k 5")];
    await pass();
    expect(await Promise.all(again)).toEqual(["3", "3"]);
    expect(await log()).toEqual(["k 1", "k 2", "k 5"]);
  });
});

describe("bounds", () => {
  test("beyond limits.latestKeys a key has no window: its messages are appended at once, and counted (P6)", async () => {
    const { publish, hub, log } = setUp({ limits: { latestKeys: 2 } });
    expect(await publish("k 1", "m 1", "n 1", "n 2")).toBe("1,2,3,4");
    expect(hub.stats().counters).toMatchObject({ "latest.unheld": 2 });
    expect(await log()).toEqual(["k 1", "m 1", "n 1", "n 2"]);
  });

  test("beyond limits.windowBytes a message is refused to be tried again, and nothing is lost (P6, P12)", async () => {
    const { publish, publishKeyed, pass, hub } = setUp({ limits: { windowBytes: 150 } });
    await publish("k 1");
    const held = [publishKeyed("one", "k 2"), publishKeyed("two", "k 3")];
    await pass(0);
    expect(hub.stats().windowBytes).toBe(2 * (64 + 3));
    expect(await publishKeyed("three", "k 4")).toBe("unavailable");
    await pass();
    expect(await Promise.all(held)).toEqual(["2", "2"]);
    expect(hub.stats().windowBytes).toBe(0);
    const again = publishKeyed("three", "k 4");
    await pass();
    expect(await again).toBe("3");
  });

  test("of one sender only the newest message is held, whatever it publishes (P6)", async () => {
    const { publish, pass, hub } = setUp();
    await publish("k 1");
    const large = Array.from({ length: 50 }, (_, i) => publish(`k ${i}${"x".repeat(10_000)}`));
    await pass(0);
    expect(hub.stats().windowBytes).toBeLessThan(2 * 10_000 + 50 * 70);
    await pass();
    expect(new Set(await Promise.all(large))).toEqual(new Set(["2"]));
  });

  test("a message that is too large is refused before it waits (P12)", async () => {
    const { publish } = setUp({ limits: { messageBytes: 10 } });
    await publish("k 1");
    expect(await publish("k 23456789012")).toBe("too-large");
  });
});

test("a server that closes appends what waits, and from then on holds nothing (P4, P10)", async () => {
  const { publish, hub, log, settle } = setUp();
  await publish("k 1");
  const held = publish("k 2");
  const closing = hub.close("drain", "bye", 1_000);
  expect(await publish("k 3")).toBe("3");
  await settle();
  await closing;
  expect(await held).toBe("2");
  expect(await log()).toEqual(["k 1", "k 2", "k 3"]);
});
