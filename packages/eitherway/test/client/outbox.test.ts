import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Command } from "../../src/client/command.ts";
import { createBox } from "./outbox-box.ts";
import { idOf } from "./support.ts";

describe("the outbox", () => {
  test("keeps commands until a link is open, then sends them in order with keys that grow (P5)", async () => {
    const { publish, attach, keys, ok, clock } = createBox();
    const first = publish("a");
    publish("b");
    publish("a");
    expect(keys()).toEqual([]);
    attach();
    expect(keys()).toEqual(["c1.1", "c1.3", "c1.2"]);
    ok("c1.1", 7);
    await clock.settle();
    expect(first.now).toBe(idOf(7));
  });

  test("sends again what has no answer, in order and with the same keys (P5)", () => {
    const { publish, attach, outbox, keys, ok } = createBox();
    for (let i = 0; i < 3; i++) publish("a");
    attach();
    ok("c1.2");
    keys();
    outbox.detach();
    publish("a");
    attach();
    expect(keys()).toEqual(["c1.1", "c1.3", "c1.4"]);
  });

  test("has at most as many of a channel on the wire as the server keeps receipts (P5)", () => {
    const { publish, attach, keys, ok } = createBox();
    attach();
    for (let i = 0; i < 6; i++) publish("a");
    expect(keys()).toHaveLength(4);
    ok("c1.1");
    expect(keys()).toEqual(["c1.5"]);
    publish("b");
    expect(keys()).toEqual(["c1.7"]);
  });

  test("rejects what the server refuses for good, and goes on (P12)", async () => {
    const { publish, attach, refuse, ok, clock } = createBox();
    attach();
    const [bad, good] = [publish("a"), publish("a")];
    refuse("c1.1", "too-large");
    ok("c1.2", 1);
    await clock.settle();
    expect([bad.now, good.now]).toEqual(["too-large", idOf(1)]);
  });

  test("after a refusal for now sends its channel again from there, later, and no other channel waits (P1, P5)", () => {
    const { publish, attach, keys, refuse, clock } = createBox();
    attach();
    publish("a");
    publish("a");
    keys();
    refuse("c1.1", "unavailable");
    refuse("c1.2", "unavailable"); // the server holds what comes behind
    publish("a");
    publish("b");
    expect(keys()).toEqual(["c1.4"]);
    clock.advance(250);
    expect(keys()).toEqual(["c1.1", "c1.2", "c1.3"]);
  });

  test("backs off from a channel that keeps failing, and begins small after a success", () => {
    const { publish, attach, keys, refuse, ok, clock } = createBox();
    attach();
    publish("a");
    for (const ms of [250, 500, 1_000]) {
      keys();
      refuse("c1.1", "unavailable");
      clock.advance(ms - 1);
      expect(keys()).toEqual([]);
      clock.advance(1);
      expect(keys()).toEqual(["c1.1"]);
    }
    publish("a");
    ok("c1.1");
    keys();
    refuse("c1.2", "unavailable");
    clock.advance(250);
    expect(keys()).toEqual(["c1.2"]);
  });

  test("puts what a batch did not come to in order again, before what was waiting (P5)", () => {
    const { publish, attach, commands, keys, outbox, ok } = createBox();
    attach();
    for (let i = 0; i < 4; i++) publish("a");
    const [, second, third, fourth] = commands();
    ok("c1.1");
    outbox.returned([second, third] as Command[], undefined);
    outbox.returned([fourth] as Command[], undefined);
    expect(keys().slice(-3)).toEqual(["c1.2", "c1.3", "c1.4"]);
  });

  test("after a batch that failed as a whole waits at least as long as it was told (P5)", () => {
    const { publish, attach, commands, keys, outbox, clock } = createBox();
    attach();
    publish("a");
    publish("b");
    outbox.returned(commands(), { message: "busy", after: 5_000 });
    publish("c");
    clock.advance(4_999);
    expect(keys()).toEqual([]);
    clock.advance(1_000);
    expect(keys()).toEqual(["c1.1", "c1.2", "c1.3"]);
  });

  test("rejects a batch that can never succeed (P12)", async () => {
    const { publish, attach, commands, outbox, clock } = createBox();
    attach();
    const one = publish("a");
    outbox.returned(commands(), { code: "origin-refused", message: "no" });
    await clock.settle();
    expect(one.now).toBe("origin-refused");
  });

  test("ignores answers to earlier sendings", async () => {
    const { publish, attach, outbox, keys, ok, refuse, clock } = createBox();
    attach();
    const one = publish("a");
    outbox.detach();
    refuse("c1.1", "internal");
    attach();
    expect(keys()).toEqual(["c1.1", "c1.1"]);
    ok("c1.1", 3);
    ok("c1.1", 4);
    await clock.settle();
    expect(one.now).toBe(idOf(3));
  });

  describe("a command whose outcome nobody knows", () => {
    test("is not sent again when the server may have forgotten its key (P5)", async () => {
      const { publish, attach, outbox, keys, clock } = createBox();
      attach({ keyWindow: 60_000 });
      const old = publish("a");
      outbox.detach();
      clock.advance(30_000);
      const young = publish("a");
      keys();
      clock.advance(21_000);
      attach({ keyWindow: 60_000 });
      await clock.settle();
      expect(keys()).toEqual(["c1.2"]);
      expect([old.now, young.now]).toEqual(["outcome-unknown", "pending"]);
    });

    test("counts the time of a device that slept (P5)", async () => {
      const { publish, attach, outbox, keys, clock } = createBox();
      attach({ keyWindow: 60_000 });
      const one = publish("a");
      outbox.detach();
      keys();
      clock.stepWall(3_600_000); // now() stood still
      attach({ keyWindow: 60_000 });
      await clock.settle();
      expect([keys(), one.now]).toEqual([[], "outcome-unknown"]);
    });

    test("was never sent: then it may be as old as it likes (P5)", async () => {
      const { publish, attach, keys, clock } = createBox();
      const one = publish("a");
      clock.advance(3_600_000);
      attach({ keyWindow: 60_000 });
      await clock.settle();
      expect([keys(), one.now]).toEqual([["c1.1"], "pending"]);
    });

    test("was refused: then it is known not to be stored, however long it takes (P5)", async () => {
      const { publish, attach, outbox, keys, refuse, clock } = createBox();
      attach({ keyWindow: 60_000 });
      const one = publish("a");
      refuse("c1.1", "storage-full");
      keys();
      outbox.detach();
      clock.advance(3_600_000);
      attach({ keyWindow: 60_000 });
      await clock.settle();
      expect([keys(), one.now]).toEqual([["c1.1"], "pending"]);
    });

    test("asks for another link when the server waits for it on this one", () => {
      const { publish, attach, refuse, keys, stuck, outbox, clock } = createBox();
      attach({ keyWindow: 60_000 });
      publish("a");
      outbox.detach();
      clock.advance(49_900);
      attach({ keyWindow: 60_000 });
      refuse("c1.1", "unavailable");
      publish("a");
      keys();
      clock.advance(250);
      expect(stuck()).toBe(1);
    });
  });

  describe("giving up by a signal", () => {
    test("takes back what was not sent", async () => {
      const { publish, attach, keys, clock, outbox } = createBox();
      const controller = new AbortController();
      const one = publish("a", "x", undefined, controller.signal);
      controller.abort(new Error("enough"));
      await clock.settle();
      attach();
      expect([keys(), one.now, outbox.size]).toEqual([[], "Error: enough", 0]);
    });

    test("leaves open what was sent, and lets its channel go on", async () => {
      const { publish, attach, clock, outbox, ok } = createBox();
      attach();
      const controller = new AbortController();
      const one = publish("a", "x", undefined, controller.signal);
      controller.abort();
      await clock.settle();
      expect([one.now, outbox.size]).toEqual(["outcome-unknown", 1]);
      ok("c1.1");
      expect(outbox.size).toBe(0);
    });
  });

  test("has an application's own key on the wire once, since answers name nothing else (P5)", async () => {
    const { publish, attach, keys, ok, clock } = createBox();
    attach();
    const [one, two] = [publish("a", 1, "order-7"), publish("b", 2, "order-7")];
    expect(keys()).toEqual(["order-7"]);
    ok("order-7", 1);
    await clock.settle();
    expect(keys()).toEqual(["order-7"]);
    ok("order-7", 2);
    await clock.settle();
    expect([one.now, two.now]).toEqual([idOf(1), idOf(2)]);
  });

  test("when closed tells what was never sent from what may be stored (P5)", async () => {
    const { publish, attach, outbox, clock } = createBox();
    attach();
    const sent = Array.from({ length: 4 }, () => publish("a"));
    const waiting = publish("a");
    const closing = outbox.close();
    const late = publish("a");
    await clock.settle();
    expect([...sent, waiting, late].map(({ now }) => now)).toEqual([
      ...sent.map(() => "outcome-unknown"),
      "closed",
      "closed",
    ]);
    await closing;
    await expect(outbox.ready()).rejects.toMatchObject({ code: "closed" });
    expect(clock.pending).toBe(0);
  });

  test("over any weather has each command applied once and in order per channel (P1, P5)", async () => {
    const weather = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant("publish" as const), channel: fc.constantFrom("a", "b") }),
        fc.record({ do: fc.constantFrom("serve", "refuse", "cut before", "cut after", "wait") }),
      ),
      { maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(weather, async (steps) => {
        const { publish, attach, outbox, commands, ok, refuse, clock } = createBox();
        const logs: Record<string, string[]> = { a: [], b: [] };
        const expected: Record<string, string[]> = { a: [], b: [] };
        const applied = new Set<string>();
        let wire: Command[] = [];
        const held = new Map<string, string>();
        const apply = ({ frame: { key, channel } }: Command): void => {
          if (!applied.has(key)) logs[channel]?.push(key);
          applied.add(key);
        };
        // The server of core/session.ts in small: a refused command holds its channel until it comes again.
        const serve = (command: Command, refusing: boolean): void => {
          const { key, channel } = command.frame;
          const first = held.get(channel);
          const behind = first !== undefined && first !== key;
          if (!behind) held.delete(channel);
          if (behind || (refusing && !applied.has(key))) {
            if (!behind) held.set(channel, key);
            refuse(key, "unavailable");
          } else {
            apply(command);
            ok(key);
          }
        };
        const cut = (): void => {
          outbox.detach();
          held.clear();
          wire = [];
          attach();
        };
        attach();
        let count = 0;
        for (const event of steps) {
          wire.push(...commands());
          if (event.do === "publish") {
            const { channel } = event as { channel: string };
            publish(channel);
            expected[channel]?.push(`c1.${++count}`);
          } else if (event.do === "wait") clock.advance(500);
          else if (event.do === "cut before") cut();
          else {
            const command = wire.shift();
            if (!command) continue;
            if (event.do === "cut after") {
              if (!held.has(command.frame.channel)) apply(command);
              cut();
            } else serve(command, event.do === "refuse");
          }
        }
        for (let i = 0; outbox.size > 0 && i < 10_000; i++) {
          wire.push(...commands());
          const command = wire.shift();
          if (command) serve(command, false);
          else clock.advance(1_000);
        }
        expect(logs).toEqual(expected);
        expect(outbox.size).toBe(0);
      }),
    );
  });
});
