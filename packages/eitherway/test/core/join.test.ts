import { describe, expect, test } from "vitest";
import type { Batch, Page } from "../../src/core/index.ts";
import { EitherwayError, formatId } from "../../src/protocol/index.ts";
import { createTestHub } from "./support.ts";

/** Lets promises run, while the turn of the event loop goes on. */
async function promises(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe("who comes to the head of a log", () => {
  test("is not called live while something is flushed that its page did not have yet: no later message is needed (P2)", async () => {
    const arrivals: (() => void)[] = [];
    const { open, publish, settle } = createTestHub({
      around: (memory) => ({
        async read(...args): Promise<Page> {
          const page = await memory.read(...args);
          await new Promise<void>((resolve) => arrivals.push(resolve));
          return page;
        },
      }),
    });
    await publish("a", "one");
    const link = open({ a: "start" });
    await settle();
    await publish("a", "two"); // flushed to nobody, while the page with "one" is on its way
    while (arrivals.length > 0) {
      arrivals.shift()?.();
      await settle();
    }
    expect(link.read()).toEqual(["welcome", "messages a one", "messages a two", "live a"]);
  });

  test("in the middle of a run that waits to be flushed gets the rest of it only (P1, P2)", async () => {
    const { open, append, settle } = createTestHub();
    open({ a: "now" }); // somebody watches, so that messages wait for the flush
    await settle();
    await append("a", "one", "two");
    const link = open({ a: "start" });
    await promises();
    expect(link.read()).toEqual(["welcome", "messages a one,two", "live a"]);
    await append("a", "three");
    await settle();
    expect(link.read()).toEqual(["messages a three"]);
  });

  test("while the only reader before has the run, and the slice of the flush ended with it, gets that run as well (P2)", async () => {
    let arrive = (): void => {};
    let isHeld = false;
    const { open, publish, append, settle, clock } = createTestHub({
      around: (memory) => ({
        async read(...args): Promise<Page> {
          const page = await memory.read(...args);
          if (isHeld) await new Promise<void>((resolve) => (arrive = resolve));
          return page;
        },
      }),
    });
    for (let i = 0; i < 498; i++) open({ many: "now" }); // a slice is 500 links, and a channel that is done counts as one
    await publish("a", "one");
    const only = open({ a: "now" });
    await settle();
    only.read();
    isHeld = true;
    const late = open({ a: "start" });
    await promises();
    await append("many", "fills the slice");
    await append("a", "two");
    clock.turn();
    expect(only.read()).toEqual(["messages a two"]);
    arrive();
    await promises();
    await settle();
    expect(late.read()).toEqual(["welcome", "messages a one", "live a", "messages a two"]);
    expect(only.read()).toEqual([]);
  });

  test("gets no page from before what was appended meanwhile (P2)", async () => {
    const { open, publish, settle, clock } = createTestHub();
    const [one = ""] = await publish("a", "one");
    open({ a: one });
    await settle();
    const [two = ""] = await publish("a", "two");
    open({ a: two });
    await settle();
    await publish("a", "three");
    const late = open({ a: two });
    for (let i = 0; i < 5; i++) {
      await promises();
      clock.turn();
    }
    expect(late.read()).toEqual(["welcome", "messages a three", "live a"]);
  });

  test("shares a page with those who come from the same place a moment later, and with nobody after that", async () => {
    let reads = 0;
    const { open, publish, settle, clock } = createTestHub({
      around: (memory) => ({
        read(...args): Promise<Page> {
          reads++;
          return memory.read(...args);
        },
      }),
    });
    const [one = ""] = await publish("a", "one", "two");
    const links = [];
    for (const ms of [0, 40, 40]) {
      clock.advance(ms);
      links.push(open({ a: one }));
      await settle();
    }
    expect(reads).toBe(1);
    clock.advance(40);
    links.push(open({ a: one }));
    await settle();
    expect(reads).toBe(2);
    for (const link of links) expect(link.read()).toEqual(["welcome", "messages a two", "live a"]);
  });

  test("is read for anew after a read that failed", async () => {
    let isDown = true;
    const { open, publish, settle } = createTestHub({
      around: (memory) => ({
        async read(channel, after, limit): Promise<Page> {
          if (isDown && after !== "now") throw new EitherwayError("unavailable", "the store is away");
          return memory.read(channel, after, limit);
        },
      }),
    });
    const [one = ""] = await publish("a", "one", "two");
    open({ a: "now" }); // somebody watches all the time
    const refused = open({ a: one });
    await settle();
    expect(refused.read()).toEqual(["welcome", expect.stringContaining("unavailable")]);
    isDown = false;
    const next = open({ a: one });
    await settle();
    expect(next.read()).toEqual(["welcome", "messages a two", "live a"]);
  });
});

describe("who is live", () => {
  test("is told of another life of the log as soon as its broker says so, though nothing is published in it (P2, P4)", async () => {
    let epoch: string | undefined;
    let tell: (batch: Batch) => void = () => {};
    const { open, publish, settle } = createTestHub({
      around: (memory) => ({
        // As when a store has taken over that lacks the newest message.
        async read(channel, after, limit): Promise<Page> {
          const page = await memory.read(channel, after, limit);
          if (epoch === undefined || page.kind !== "messages") return page;
          const place = { epoch, seq: page.head.seq - 1 };
          return after === formatId(epoch, place.seq)
            ? { ...page, epoch, messages: [], oldest: place, head: place }
            : { kind: "gap", why: "epoch", oldest: place, head: place, latest: [] };
        },
        watch(channel, sink) {
          tell = sink;
          return memory.watch(channel, sink);
        },
      }),
    });
    const link = open({ a: "now" });
    await settle();
    await publish("a", "one", "two");
    link.read();
    epoch = "m8x2k1b7cq0z";
    tell({ epoch, messages: [], bytes: 0 });
    await settle();
    expect(link.readFrames()).toMatchObject([{ t: "gap", why: "epoch", head: formatId(epoch, 1) }]);
  });
});
