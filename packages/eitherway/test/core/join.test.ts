import { describe, expect, test } from "vitest";
import type { Page } from "../../src/core/index.ts";
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

  test("shares its page with nobody who asks in a later turn (P2)", async () => {
    const { open, publish, settle, clock } = createTestHub();
    const [one = ""] = await publish("a", "one");
    open({ a: one });
    await settle();
    await publish("a", "two");
    const late = open({ a: one });
    for (let i = 0; i < 5; i++) {
      await promises();
      clock.turn();
    }
    expect(late.read()).toEqual(["welcome", "messages a two", "live a"]);
  });
});
