import { describe, expect, test } from "vitest";
import { createBox } from "./outbox-box.ts";

describe("the bounds of the outbox (P6)", () => {
  test("rejects beyond its number of commands, and says when there is room again", async () => {
    const { publish, attach, outbox, ok, clock } = createBox({ commands: 2 });
    attach();
    publish("a");
    publish("a");
    const third = publish("a");
    let ready = false;
    void outbox.ready().then(() => {
      ready = true;
    });
    await clock.settle();
    expect([third.now, ready, outbox.size]).toEqual(["unavailable", false, 2]);
    ok("c1.1");
    await clock.settle();
    expect(ready).toBe(true);
    clock.advance(1); // who was called did not take its place
    await outbox.ready();
  });

  test("calls as many of those who wait as fit, in order, and none that would find no room", async () => {
    const { publish, attach, outbox, ok, clock } = createBox({ commands: 3 });
    attach();
    for (let i = 0; i < 3; i++) publish("a");
    const called: number[] = [];
    const refused: number[] = [];
    const wait = async (n: number): Promise<void> => {
      await outbox.ready();
      called.push(n);
      if (n === 2) return; // changed its mind
      const { now } = publish("a");
      if (now !== "pending") refused.push(n);
    };
    const all = [1, 2, 3, 4, 5].map(wait);
    await clock.settle();
    expect(called).toEqual([]);
    ok("c1.1");
    await clock.settle();
    expect(called).toEqual([1]);
    ok("c1.2");
    ok("c1.3");
    await clock.settle();
    expect(called).toEqual([1, 2, 3]);
    clock.advance(1); // 2 did not take its place
    await clock.settle();
    expect(called).toEqual([1, 2, 3, 4]);
    expect(outbox.size).toBe(3);
    ok("c1.4");
    await Promise.all(all);
    await clock.settle();
    expect([called, refused, outbox.size]).toEqual([[1, 2, 3, 4, 5], [], 3]);
  });

  test("lets in no more than fit of those who ask at once, and none before those who wait", async () => {
    const { publish, attach, outbox, ok, clock } = createBox({ commands: 2 });
    attach();
    const results: { readonly now: string }[] = [];
    const produce = async (): Promise<void> => {
      await outbox.ready();
      results.push(publish("a"));
    };
    const all = [1, 2, 3].map(produce);
    await clock.settle();
    expect(results.map(({ now }) => now)).toEqual(["pending", "pending"]);
    ok("c1.1");
    all.push(produce());
    await clock.settle();
    clock.advance(1);
    await clock.settle();
    expect(results.map(({ now }) => now)).toEqual([expect.stringMatching(/-/), "pending", "pending"]);
    await outbox.close();
    await Promise.allSettled(all);
    expect(clock.pending).toBe(0);
  });

  test("rejects beyond its bytes; whoever found room is in, whatever he weighs", async () => {
    const { publish, outbox, clock } = createBox({ bytes: 1_000 });
    publish("a", "x".repeat(800));
    await outbox.ready();
    const second = publish("a", "x".repeat(800));
    const third = publish("a");
    await clock.settle();
    expect([second.now, third.now]).toEqual(["pending", "unavailable"]);
  });

  test("rejects what the server would not take, and keeps the link (P12)", async () => {
    const { publish, attach, keys, clock } = createBox();
    attach();
    const large = publish("a", "x".repeat(2_000));
    const awkward = publish("a", "\u0001".repeat(900)); // within messageBytes as bytes only if unescaped
    const fine = publish("a");
    await clock.settle();
    expect([large.now, awkward.now, fine.now]).toEqual(["too-large", "too-large", "pending"]);
    expect(keys()).toEqual(["c1.3"]);
  });
});
