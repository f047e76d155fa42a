import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ClaimRequest, Draft, Limits, Settlement } from "../../src/core/index.ts";
import { ENTRY_OVERHEAD_BYTES } from "../../src/core/log.ts";
import { payloadBytes, textPayload } from "../../src/protocol/index.ts";
import { ALL, counted, draft, foreign, HOUR, MINUTE, outcomes, start, texts } from "./memory-broker-support.ts";

const CLAIM: ClaimRequest = { print: 1, leaseMs: 1_000, repeatable: false };

describe("memory broker: limits", () => {
  test("a million names never make more records than limits.channels (P6)", async () => {
    const { broker } = start({ limits: { channels: 1_000 } });
    const { stackTraceLimit } = Error;
    onTestFinished(() => {
      Error.stackTraceLimit = stackTraceLimit;
    });
    Error.stackTraceLimit = 0; // a million traces are most of this test's time
    let refused = 0;
    for (let n = 0; n < 1_000_000; n++) {
      const [receipt] = await broker.publish(`room/${n}`, [draft("x")]);
      if (!receipt?.ok && receipt?.error.code === "too-many-channels") refused++;
    }
    expect(refused).toBe(999_000);
    expect(broker.sizes()).toMatchObject({ channels: 1_000, logBytes: 1_000 * (ENTRY_OVERHEAD_BYTES + 1) });
  }, 60_000);

  test("floods of names, keys, claims and collapse keys leave nothing behind in memory (P6)", async () => {
    const limits = { channels: 100, keys: 100, latestKeys: 100 };
    const { broker, clock } = start({ limits, retention: { messages: 100, ageMs: 1_000 }, keyWindowMs: 1_000 });
    await broker.watch("room", () => {}); // one log all the time
    const flood = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        await broker.publish(longName(n), [draft("x")]);
        await broker.publish("room", [draft("x", { ...foreign(longName(n)), collapse: longName(n) })]);
        await broker.publish("room", [draft("x", counted(1, longName(n)))]);
        await broker.claim("calls", longName(n), { ...CLAIM, leaseMs: 1 });
        if (n % 90 === 0) clock.advance(12_000); // the records of one round make room for the next
      }
    };
    await flood(0, 2_000);
    const before = heapUsed();
    await flood(2_000, 12_000);
    // Each of the four would keep 10 MB.
    expect(heapUsed() - before).toBeLessThan(5_000_000);
    expect(broker.sizes().keys).toBeLessThanOrEqual(100);
  });

  test("a channel too many is refused for now; those that are there go on (P6, P12)", async () => {
    const { broker, clock } = start({ limits: { channels: 2 }, retention: { ageMs: HOUR } });
    const stop = await broker.watch("a", () => {});
    await broker.publish("b", [draft("1")]);
    await expect(broker.watch("c", () => {})).rejects.toMatchObject({ code: "too-many-channels", retry: true });
    const refused = await broker.publish("c", [draft("1"), draft("2")]);
    expect(outcomes(refused)).toEqual(["too-many-channels", "too-many-channels"]);
    expect(outcomes(await broker.publish("b", [draft("2")]))).toEqual(["ok"]);
    clock.advance(HOUR + 20_000);
    expect(outcomes(await broker.publish("c", [draft("1")]))).toEqual(["ok"]);
    await expect(broker.watch("d", () => {})).rejects.toMatchObject({ code: "too-many-channels" });
    stop();
  });

  test("a full store refuses for now, with the rest of the call, and keeps what it acknowledged (P4, P5, P6)", async () => {
    const room = 3 * (ENTRY_OVERHEAD_BYTES + 10) + 1;
    const { broker, clock } = start({ limits: { logBytes: room }, retention: { ageMs: HOUR } });
    const ten = "0123456789";
    const batch = [draft(ten, counted(1)), draft(`${ten}!`, counted(2)), draft("", counted(3)), draft("", counted(1))];
    await broker.publish("a", [draft(ten)]);
    clock.advance(MINUTE);
    await broker.publish("a", [draft(ten)]);
    const receipts = await broker.publish("b", batch);
    expect(outcomes(receipts)).toEqual(["ok", "storage-full", "storage-full", "storage-full"]);
    expect(receipts[1]).toMatchObject({ error: { retry: true, message: expect.stringContaining("limits.logBytes") } });
    expect(await texts(broker, "a")).toEqual([ten, ten]);
    expect(await texts(broker, "b")).toEqual([ten]);
    clock.advance(HOUR - MINUTE);
    expect(await texts(broker, "a")).toEqual([ten]); // the first is an hour old: there is room
    expect(outcomes(await broker.publish("b", batch.slice(1)))).toEqual(["ok", "storage-full", "storage-full"]);
  });

  test("a log that is at its own retention goes on in a full store (P6)", async () => {
    const entry = ENTRY_OVERHEAD_BYTES + 1;
    const { broker } = start({ limits: { logBytes: 3 * entry }, retention: { messages: 2 } });
    await broker.publish("a", [draft("1"), draft("2")]);
    await broker.publish("b", [draft("1")]);
    expect(outcomes(await broker.publish("a", [draft("3"), draft("4")]))).toEqual(["ok", "ok"]);
    expect(outcomes(await broker.publish("b", [draft("2")]))).toEqual(["storage-full"]);
    expect(await texts(broker, "a")).toEqual(["3", "4"]);
  });

  test("counts exactly what the logs keep, and never keeps more than limits.logBytes (P6)", async () => {
    const channel = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          publish: channel,
          sizes: fc.array(fc.nat(600), { minLength: 1, maxLength: 3 }),
          collapse: fc.option(fc.constantFrom("x", "y"), { nil: undefined }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ wait: fc.nat(60) }) },
      { weight: 1, arbitrary: fc.record({ read: channel }) },
    );
    const limits = { logBytes: 5_000, latestKeys: 1 };
    const retention = { messages: 6, bytes: 3_000, ageMs: 200 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { broker, clock } = start({ limits, retention, keyWindowMs: 1 });
        for (const one of steps) {
          if ("wait" in one) clock.advance(one.wait);
          else if ("read" in one) await broker.read(one.read, "start", ALL);
          else {
            const more = one.collapse === undefined ? {} : { collapse: one.collapse };
            await broker.publish(
              one.publish,
              one.sizes.map((size) => draft("x".repeat(size), more)),
            );
          }
          expect(broker.sizes().logBytes).toBeLessThanOrEqual(limits.logBytes);
        }
        let kept = 0;
        for (const name of ["a", "b", "c"]) {
          const page = await broker.readBefore(name, undefined, ALL);
          for (const { payload } of page?.messages ?? []) kept += payloadBytes(payload) + ENTRY_OVERHEAD_BYTES;
        }
        expect(broker.sizes().logBytes).toBe(kept);
        clock.advance(HOUR);
        expect(broker.sizes()).toEqual({ channels: 0, logBytes: 0, keys: 0 });
      }),
    );
  });
});

describe("memory broker: keys", () => {
  test("a flood of keys is bounded, counted, and shortens the window that is told (P5, P6)", async () => {
    const { broker, clock, counters } = start({ limits: { keys: 100 }, keyWindowMs: 5 * MINUTE });
    expect(broker.keyWindow()).toBe(5 * MINUTE);
    for (let n = 0; n < 10_000; n++) {
      await broker.publish("a", [draft("x", foreign(`k${n}`))]);
      clock.advance(10);
    }
    expect(broker.sizes().keys).toBe(100);
    expect(counters).toEqual({ "keys.evicted": 9_900 });
    expect(broker.keyWindow()).toBe(1_010); // since key 9,899 was used
    expect(outcomes(await broker.publish("a", [draft("x", foreign("k9900"))]))).toEqual(["repeated"]);
    expect(outcomes(await broker.publish("a", [draft("x", foreign("k9899"))]))).toEqual(["ok"]);
    clock.advance(MINUTE);
    expect(broker.keyWindow()).toBe(MINUTE + 1_000);
    clock.advance(5 * MINUTE);
    expect(broker.keyWindow()).toBe(5 * MINUTE);
    expect(broker.sizes().keys).toBe(0);
  });

  test("each receipt of a client counts, and the client that was silent longest is forgotten first (P6)", async () => {
    const { broker, clock } = start({ limits: { keys: 10, inFlight: 4 } });
    const publish = async (client: string, counter: number) => {
      clock.advance(1);
      return outcomes(await broker.publish("a", [draft("x", counted(counter, client))]));
    };
    for (let n = 1; n <= 9; n++) await publish("busy", n);
    expect(broker.sizes().keys).toBe(4);
    for (let n = 1; n <= 4; n++) await publish("silent", n);
    await publish("busy", 10);
    for (let n = 1; n <= 3; n++) await publish("third", n);
    expect(broker.sizes().keys).toBe(7);
    expect(await publish("busy", 10)).toEqual(["repeated"]);
    expect(await publish("third", 1)).toEqual(["repeated"]);
    expect(await publish("silent", 4)).toEqual(["ok"]);
  });

  test("answers of claims are bounded by their bytes (P6)", async () => {
    const { broker } = start({ limits: { keys: 100 } });
    const settlements: readonly Settlement[] = [
      { ok: true, answer: textPayload("x".repeat(10_000)) },
      { ok: false, code: "call-failed", message: "no", details: JSON.stringify("x".repeat(10_000)) },
    ];
    for (const settlement of settlements) {
      for (let n = 0; n < 50; n++) await broker.settle("calls", `k${n} ${settlement.ok}`, settlement);
      expect(broker.sizes().keys).toBeLessThanOrEqual(100);
      const [newest, oldest] = [`k49 ${settlement.ok}`, `k0 ${settlement.ok}`];
      expect(await broker.claim("calls", newest, CLAIM)).toEqual({ state: "settled", settlement });
      expect(await broker.claim("calls", oldest, CLAIM)).toEqual({ state: "new" });
      const narrow = start({ limits: { keys: 1 } }).broker;
      await narrow.settle("calls", "k", settlement);
      expect(await narrow.claim("calls", "k", CLAIM)).toEqual({ state: "settled", settlement }); // the newest stays in any case
    }
  });

  test("a claim that has to go while it runs takes the whole window along: somebody was just told that it runs (P5, P6)", async () => {
    const { broker, clock } = start({ limits: { keys: 1 }, keyWindowMs: 60_000 });
    await broker.claim("calls", "k1", { ...CLAIM, leaseMs: 30_000 });
    clock.advance(20_000);
    expect(broker.keyWindow()).toBe(60_000);
    await broker.claim("calls", "k2", CLAIM);
    expect(broker.keyWindow()).toBe(0);
    clock.advance(25_000);
    expect(broker.keyWindow()).toBe(25_000);
  });

  test("who resends only within the told window has each command applied once, under any pressure (P5, P6)", async () => {
    const command = fc.record({ client: fc.constantFrom("c1", "c2", "c3", "c4"), channel: fc.constantFrom("a", "b") });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ send: command, counted: fc.boolean() }) },
      { weight: 4, arbitrary: fc.record({ resend: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 90 }) }) },
    );
    const limits: Partial<Limits> = { keys: 6, inFlight: 3 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const { broker, clock } = start({ limits, keyWindowMs: 300 });
        const sent: { at: number; channel: string; draft: Draft }[] = [];
        const counters = new Map<string, number>();
        const applied = new Map<string, number>();
        const publish = async (channel: string, one: Draft) => {
          const [receipt] = await broker.publish(channel, [one]);
          if (receipt?.ok && !receipt.repeated) {
            const text = String(one.payload.data);
            applied.set(text, (applied.get(text) ?? 0) + 1);
          } else if (!receipt?.ok) expect(receipt?.error.code).toBe("outcome-unknown");
        };
        for (const one of steps) {
          if ("wait" in one) clock.advance(one.wait);
          else if ("send" in one) {
            const { client, channel } = one.send;
            const counter = (counters.get(client + channel) ?? 0) + 1;
            counters.set(client + channel, counter);
            const key = one.counted ? counted(counter, client) : foreign(`${client}-${counter}`);
            const next = draft(String(sent.length), key);
            sent.push({ at: clock.now(), channel, draft: next });
            await publish(channel, next);
          } else {
            const again = sent[one.resend % Math.max(1, sent.length)];
            if (again && clock.now() - again.at < broker.keyWindow()) await publish(again.channel, again.draft);
          }
          expect(broker.sizes().keys).toBeLessThanOrEqual(limits.keys ?? 0);
        }
        expect([...applied.values()].filter((times) => times !== 1)).toEqual([]);
        expect(applied.size).toBe(sent.length);
      }),
      { numRuns: 300 },
    );
  });
});

/** A text of 1,000 bytes that shares them with no other: pieced together strings would cost next to nothing. */
function longName(n: number): string {
  return Buffer.from(String(n).padStart(1_000, "x")).toString("latin1");
}

/** Bytes in use after a collection. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
