import { describe, expect, test } from "vitest";
import type { Batch, Broker } from "../../src/core/index.ts";
import { createTestHub } from "./support.ts";

describe("reading", () => {
  test("from now: where the log stands, then what comes (P2)", async () => {
    const { open, publish, settle } = createTestHub();
    await publish("a", "before");
    const link = open({ a: "now" });
    await settle();
    expect(link.read()).toEqual(["welcome", "live a"]);
    await publish("a", "after");
    expect(link.read()).toEqual(["messages a after"]);
  });

  test("from start: everything kept, then live (P2)", async () => {
    const { open, publish, settle } = createTestHub();
    await publish("a", "1", "2");
    const link = open({ a: "start" });
    await settle();
    expect(link.read()).toEqual(["welcome", "messages a 1,2", "live a"]);
  });

  test("from an id: exactly what came after it, in order (P1, P2, P3)", async () => {
    const { open, publish, settle } = createTestHub();
    const [, second = ""] = await publish("a", "1", "2", "3");
    const link = open({ a: second });
    await settle();
    expect(link.read()).toEqual(["welcome", "messages a 3", "live a"]);
  });

  test("live carries the cursor, also on a channel that is empty and new", async () => {
    const { open, publish, settle, hub } = createTestHub();
    const link = open({ a: "now" });
    await settle();
    const live = link.readFrames().at(-1);
    expect(live).toMatchObject({ t: "live", channel: "a", id: expect.stringMatching(/^\w{12}-00000000$/) });
    await publish("a", "1");
    const again = open({ a: (live as { id: string }).id });
    await settle();
    expect(again.read()).toEqual(["welcome", "messages a 1", "live a"]);
    expect(hub.stats().subscriptions).toEqual({ reading: 0, live: 2, lagging: 0 });
  });

  test("a log longer than a page comes in several runs, without a hole, and others have their turn between them (P2, P7)", async () => {
    const { open, publish, settle, clock } = createTestHub();
    const text = "x".repeat(20_000);
    const texts = Array.from({ length: 10 }, (_, i) => `${i}${text}`);
    await publish("a", ...texts);
    const link = open({ a: "start" });
    const turns: number[] = [];
    for (let i = 0; i < 20; i++) {
      const before = link.writes.length;
      await Promise.resolve().then(() => clock.turn());
      await new Promise(setImmediate);
      turns.push(link.writes.length - before);
    }
    await settle();
    const seen = link.readFrames().flatMap((frame) => (frame.t === "messages" ? frame.messages : []));
    expect(seen.map(({ data }) => data)).toEqual(texts);
    expect(seen.map(({ seq }) => seq)).toEqual(texts.map((_, i) => i + 1));
    expect(Math.max(...turns)).toBeLessThanOrEqual(2); // a page a turn; the last one brings `live` along
  });

  test("equal reads of one turn are one read of the broker and one encoding", async () => {
    let reads = 0;
    const { open, publish, settle } = createTestHub({
      around: (memory) => ({
        read: (...args) => {
          reads++;
          return memory.read(...args);
        },
      }),
    });
    const [first = ""] = await publish("a", "1", "2");
    const links = Array.from({ length: 50 }, () => open({ a: first }));
    await settle();
    expect(reads).toBe(1);
    expect(new Set(links.map((link) => link.writes[1])).size).toBe(1);
    expect(links.map((link) => link.read().join())).toEqual(links.map(() => "welcome,messages a 2,live a"));
  });

  test("what is published while a slow broker reads is not missed and not doubled (P2, S7)", async () => {
    let release = (): void => {};
    const { open, append, publish, settle, hub } = createTestHub({
      around: (memory) => ({
        async read(...args) {
          const page = await memory.read(...args); // the page is as old as the read, not as its arrival
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return page;
        },
      }),
    });
    await publish("a", "1");
    const link = open({ a: "start" });
    await settle();
    await publish("a", "2");
    await append("a", "3");
    for (let i = 0; i < 5; i++) {
      release();
      await settle();
    }
    await publish("a", "4");
    for (let i = 0; i < 5; i++) {
      release();
      await settle();
    }
    expect(
      link
        .read()
        .filter((frame) => frame.startsWith("messages"))
        .join()
        .replaceAll("messages a ", ""),
    ).toBe("1,2,3,4");
    expect(hub.stats().subscriptions.live).toBe(1);
  });
});

test("a reader from start whose first page comes late sees all that is kept by then: it was told no place to lose (P2)", async () => {
  let release = (): void => {};
  const { open, publish, settle } = createTestHub({
    retention: { messages: 2 },
    around: (memory) => ({
      async read(...args) {
        const page = await memory.read(...args);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return page;
      },
    }),
  });
  const link = open({ a: "start" });
  await settle();
  for (const text of ["1", "2", "3", "4"]) await publish("a", text);
  for (let i = 0; i < 4; i++) {
    release();
    await settle();
  }
  expect(link.read()).toEqual(["welcome", "messages a 3,4", "live a"]);
});

describe("gap", () => {
  test("a trimmed cursor gives one gap, which moves the reader to the head; then live (P2)", async () => {
    const { open, publish, settle, hub } = createTestHub({ retention: { messages: 2 } });
    const [first = "", , third, fourth] = await publish("a", "1", "2", "3", "4");
    const link = open({ a: first });
    await settle();
    const [, gap, live] = link.readFrames();
    expect(gap).toEqual({ t: "gap", channel: "a", why: "trimmed", oldest: third, head: fourth });
    expect(live).toEqual({ t: "live", channel: "a", id: fourth });
    await publish("a", "5");
    expect(link.read()).toEqual(["messages a 5"]);
    expect(hub.stats().counters["gaps.trimmed"]).toBe(1);
  });

  test("another life of the log is a gap epoch, a cursor from the future a gap unknown (P2, P12)", async () => {
    const { open, publish, settle, hub } = createTestHub();
    const [id = ""] = await publish("a", "1");
    const future = `${id.slice(0, -1)}z`;
    const links = [open({ a: "000000000000-00000001" }), open({ a: future })];
    await settle();
    expect(links.map((link) => link.read()[1])).toEqual(["gap a epoch", "gap a unknown"]);
    expect(hub.stats().counters).toMatchObject({ "gaps.epoch": 1, "gaps.unknown": 1 });
  });
});

describe("live and lagging", () => {
  test("a full link gets nothing more; when it has drained it reads on from its cursor (P1, P2, P6)", async () => {
    const { open, publish, settle, hub } = createTestHub();
    const slow = open({ a: "now" }, { room: 3 });
    await settle();
    await publish("a", "1"); // welcome, live, 1: full
    await publish("a", "2");
    await publish("a", "3");
    expect(slow.read()).toEqual(["welcome", "live a", "messages a 1"]);
    expect(hub.stats().subscriptions).toEqual({ reading: 0, live: 0, lagging: 1 });
    slow.drain();
    await settle();
    expect(slow.read()).toEqual(["messages a 2,3"]); // one run, though published in two turns
    await publish("a", "4");
    expect(slow.read()).toEqual(["messages a 4"]);
    expect(hub.stats().subscriptions.live).toBe(1);
  });

  test("a slow reader that the log cannot continue gets one gap a drained buffer, and nobody else any (P2, P7)", async () => {
    const { open, publish, settle } = createTestHub({ retention: { messages: 3 } });
    const slow = open({ a: "now" }, { room: 3 });
    const fast = open({ a: "now" });
    await settle();
    for (let i = 1; i <= 8; i++) await publish("a", String(i));
    slow.drain(1);
    await settle();
    for (let i = 9; i <= 16; i++) await publish("a", String(i));
    slow.drain();
    await settle();
    await publish("a", "17");
    expect(slow.read()).toEqual([
      "welcome",
      "live a",
      "messages a 1",
      "gap a trimmed",
      "gap a trimmed",
      "messages a 17",
    ]);
    const seen = fast.read().filter((frame) => frame.startsWith("messages"));
    expect(seen.join().replaceAll("messages a ", "")).toBe(Array.from({ length: 17 }, (_, i) => i + 1).join());
  });

  test("a page that comes when the link is full by then is dropped and read again (P6)", async () => {
    const { open, publish, settle } = createTestHub();
    await publish("a", "a1");
    await publish("b", "b1");
    const link = open({ a: "start", b: "start" }, { room: 2 });
    await settle();
    expect(link.read()).toEqual(["welcome", "messages a a1", "live a"]); // the page in hand is finished, no other begun
    link.drain();
    await settle();
    expect(link.read()).toEqual(["messages b b1", "live b"]);
  });

  test("batches that a broker repeats, skips or sends late lose and double nothing (P2)", async () => {
    let deliver: (batch: Batch) => void = () => {};
    const held: Batch[] = [];
    const { open, publish, settle } = createTestHub({
      around: (memory): Partial<Broker> => ({
        watch(channel, sink) {
          deliver = sink;
          return memory.watch(channel, (batch) => held.push(batch));
        },
      }),
    });
    const link = open({ a: "now" });
    await settle();
    await publish("a", "1");
    await publish("a", "2");
    await publish("a", "3");
    const [one, two, three] = held.splice(0) as [Batch, Batch, Batch];
    deliver(one);
    deliver(one); // again
    await settle();
    deliver(three); // two is missing
    await settle();
    deliver(two); // late
    await settle();
    await publish("a", "4");
    const [four] = held.splice(0) as [Batch];
    deliver({ ...four, messages: [...three.messages, ...four.messages] }); // overlaps
    await settle();
    expect(
      link
        .read()
        .join(" ")
        .match(/messages a [\d,]+/g)
        ?.join()
        .replaceAll("messages a ", ""),
    ).toBe("1,2,3,4");
  });

  test("a new epoch under a live subscription is a gap, then the new life goes on (P2)", async () => {
    let deliver: (batch: Batch) => void = () => {};
    let recreated = false;
    const epoch = "zzzzzzzzz000";
    const message = {
      seq: 1,
      at: 0,
      event: "message",
      from: undefined,
      payload: { kind: "text", data: "x" },
      skipped: 0,
    } as const;
    const position = { epoch, seq: 1 };
    const { open, publish, settle } = createTestHub({
      around: (memory): Partial<Broker> => ({
        watch(channel, sink) {
          deliver = sink;
          return memory.watch(channel, sink);
        },
        async read(channel, after, limit) {
          if (!recreated) return memory.read(channel, after, limit);
          if (after.startsWith(epoch))
            return { kind: "messages", epoch, messages: [], head: position, oldest: position };
          return { kind: "gap", why: "epoch", oldest: position, head: position, latest: [] };
        },
      }),
    });
    const link = open({ a: "now" });
    await settle();
    await publish("a", "1");
    recreated = true;
    deliver({ epoch, messages: [message], bytes: 1 });
    await settle();
    deliver({ epoch, messages: [{ ...message, seq: 2, payload: { kind: "text", data: "y" } }], bytes: 1 });
    await settle();
    expect(link.read()).toEqual(["welcome", "live a", "messages a 1", "gap a epoch", "messages a y"]);
  });
});

describe("ended", () => {
  test("after unsubscribe nothing of the channel comes any more, and the watch ends with its last subscription (P6)", async () => {
    const { open, publish, settle, hub } = createTestHub();
    const [one, two] = [open({ a: "now", b: "now" }), open({ a: "now" })];
    await settle();
    one.send({ t: "unsubscribe", channels: ["a", "never"] });
    await publish("a", "1");
    expect(one.read()).toEqual(["welcome", "live a", "live b"]);
    expect(two.read().at(-1)).toBe("messages a 1");
    expect(hub.stats().watched).toBe(2);
    two.session.closed();
    expect(hub.stats()).toMatchObject({ watched: 1, links: 1, unflushedBytes: 0 });
  });

  test("a subscription that ends while its first read is under way writes nothing", async () => {
    const { open, publish, settle, hub } = createTestHub();
    await publish("a", "1");
    const link = open({ a: "start" });
    link.send({ t: "unsubscribe", channels: ["a"] });
    await settle();
    expect(link.read()).toEqual(["welcome"]);
    expect(hub.stats()).toMatchObject({ watched: 0, subscriptions: { reading: 0, live: 0, lagging: 0 } });
  });

  test("subscribing again starts anew from the cursor given (P3)", async () => {
    const { open, publish, settle } = createTestHub();
    const link = open({ a: "now" });
    await settle();
    await publish("a", "1");
    link.read();
    link.send({ t: "subscribe", channels: new Map([["a", "start"]]) });
    await settle();
    await publish("a", "2");
    expect(link.read()).toEqual(["messages a 1", "live a", "messages a 2"]);
  });

  test("a link that throws when it is written to is closed as internal; the process and the others go on (P7, P11)", async () => {
    const { open, publish, settle, errors } = createTestHub();
    const good = open({ a: "now" });
    const bad = open();
    bad.write = () => {
      throw new Error("no such framing");
    };
    bad.send({ t: "subscribe", channels: new Map([["a", "now"]]) });
    await settle();
    expect(bad.closedWith?.code).toBe("internal");
    expect(errors.at(-1)).toMatch(/link failed.*no such framing/);
    await publish("a", "1");
    expect(good.read()).toEqual(["welcome", "live a", "messages a 1"]);
  });

  test("a read that fails ends its subscription with an error, and only that one (P7, P11)", async () => {
    const { open, publish, settle, errors } = createTestHub({
      around: (memory) => ({
        read: (channel, ...rest) =>
          channel === "bad" ? Promise.reject(new Error("the disk is on fire")) : memory.read(channel, ...rest),
      }),
    });
    const link = open({ bad: "now", good: "now" });
    await settle();
    expect(link.read().sort()).toEqual(["error bad internal", "live good", "welcome"]);
    await publish("good", "1");
    expect(link.read()).toEqual(["messages good 1"]);
    expect(errors).toEqual(['subscription failed {"channel":"bad","cause":"Error: the disk is on fire"}']);
  });
});
