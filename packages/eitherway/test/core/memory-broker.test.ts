import { describe, expect, test } from "vitest";
import { formatId, parseId } from "../../src/protocol/index.ts";
import { brokerSuite } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";
import { ALL, counted, draft, foreign, HOUR, MINUTE, outcomes, start, texts } from "./memory-broker-support.ts";

describe("memory broker", () => {
  brokerSuite({
    test,
    time: true,
    streams: true,
    presence: true,
    create(settings) {
      const { broker, clock } = start(settings);
      return { broker, advance: clock.advance };
    },
  });
});

describe("memory broker: calls", () => {
  test("take effect before they return, in the order in which they were made (P1, P4)", async () => {
    const { broker } = start();
    const heard: number[][] = [];
    void broker.watch("a", ({ messages }) => heard.push(messages.map(({ seq }) => seq)));
    const published = broker.publish("a", [draft("1"), draft("2")]);
    const read = texts(broker, "a");
    void broker.publish("a", [draft("3")]);
    expect(heard).toEqual([[1, 2], [3]]);
    expect(await read).toEqual(["1", "2"]);
    expect(outcomes(await published)).toEqual(["ok", "ok"]);
  });

  test("count and log a watcher that throws (P7, P11)", async () => {
    const errors: unknown[] = [];
    const logger = witnessed({ error: (...event: unknown[]) => errors.push(event) });
    const { broker, counters } = start({ logger });
    await broker.watch("a", () => {
      throw new Error("broken");
    });
    await broker.publish("a", [draft("1")]);
    expect(counters).toEqual({ "watchers.failed": 1 });
    expect(errors).toEqual([["watcher failed", { channel: "a", cause: "Error: broken" }]]);
  });

  test("are refused after the close, which frees everything and leaves no timer (P6, P10)", async () => {
    const { broker, clock } = start();
    const heard: unknown[] = [];
    const stop = await broker.watch("a", (batch) => heard.push(batch));
    await broker.publish("a", [draft("1", foreign("k"))]);
    expect(clock.pending).toBe(1);
    await broker.close();
    await broker.close();
    expect(broker.sizes()).toEqual({ channels: 0, logBytes: 0, keys: 0 });
    expect(clock.pending).toBe(0);
    expect(outcomes(await broker.publish("a", [draft("2"), draft("3")]))).toEqual(["unavailable", "unavailable"]);
    expect(heard).toHaveLength(1);
    stop();
    expect(clock.pending).toBe(0);
  });

  test("need options that make sense (P12)", () => {
    expect(() => start({ keyWindowMs: 0 })).toThrow("options.keyWindowMs is 0; give a whole number above 0.");
    expect(() => start({ limits: { channels: 1.5 } })).toThrow("limits.channels is 1.5");
    expect(() => start({ retention: { ageMs: Number.NaN } })).toThrow("retention.ageMs is NaN");
  });
});

describe("memory broker: time", () => {
  test("a wall clock that steps back changes nothing but what is written into at (P2, P5)", async () => {
    const { broker, clock } = start({ retention: { ageMs: HOUR }, keyWindowMs: 10 * MINUTE });
    await broker.publish("a", [draft("1", foreign("k"))]);
    clock.stepWall(-24 * HOUR);
    clock.advance(MINUTE);
    await broker.publish("a", [draft("2")]);
    expect(outcomes(await broker.publish("a", [draft("1", foreign("k"))]))).toEqual(["repeated"]);
    const page = await broker.read("a", "start", ALL);
    if (page.kind !== "messages") throw new Error(page.kind);
    expect(page.messages.map(({ seq }) => seq)).toEqual([1, 2]);
    expect((page.messages[1]?.at ?? 0) - (page.messages[0]?.at ?? 0)).toBe(MINUTE - 24 * HOUR);
    clock.stepWall(48 * HOUR);
    expect(await texts(broker, "a")).toEqual(["1", "2"]);
    clock.advance(HOUR - MINUTE);
    expect(await texts(broker, "a")).toEqual(["2"]);
  });

  test("messages of one turn say one time, so that their run says it once; those of the next turn say theirs", async () => {
    const { broker, clock } = start();
    const times: number[] = [];
    await broker.watch("a", ({ messages }) => times.push(...messages.map(({ at }) => at)));
    const first = clock.wall();
    await broker.publish("a", [draft("1")]);
    clock.stepWall(3);
    await broker.publish("a", [draft("2"), draft("3")]);
    clock.turn();
    await broker.publish("a", [draft("4")]);
    clock.advance(7);
    await broker.publish("a", [draft("5")]);
    expect(times).toEqual([first, first, first, first + 3, first + 10]);
  });

  test("no epoch comes twice, whatever the wall clock and chance do (P2, P4)", async () => {
    const { broker, clock } = start({ random: () => 0.5, retention: { ageMs: 1_000 }, keyWindowMs: 1_000 });
    const epochs: string[] = [];
    for (let life = 0; life < 50; life++) {
      for (const channel of ["a", "b", "c"]) {
        const [receipt] = await broker.publish(channel, [draft("x")]);
        if (receipt?.ok) epochs.push(parseId(receipt.id)?.epoch ?? "");
      }
      clock.advance(20_000);
      clock.stepWall(life % 2 ? -20_000 : -40_000);
    }
    expect(epochs).toHaveLength(150);
    expect(new Set(epochs).size).toBe(150);
  });

  test("a record lives for the longer of retention and key window after its last use, not longer (P2, P6)", async () => {
    for (const [ageMs, keyWindowMs] of [
      [HOUR, MINUTE],
      [MINUTE, HOUR],
    ]) {
      const { broker, clock } = start({ retention: { ageMs }, keyWindowMs });
      await broker.publish("published", [draft("1")]);
      (await broker.watch("watched", () => {}))();
      const stop = await broker.watch("unwatched", () => {});
      clock.advance(5 * HOUR);
      expect(broker.sizes().channels).toBe(1);
      stop();
      await broker.publish("published", [draft("1")]);
      clock.advance(HOUR / 2);
      await broker.publish("published", [draft("2")]);
      clock.advance(HOUR / 2 - 1);
      expect(broker.sizes().channels).toBe(2);
      clock.advance(20_000);
      expect(broker.sizes().channels).toBe(1);
      clock.advance(HOUR / 2 - 30_000);
      expect(broker.sizes().channels).toBe(1);
      clock.advance(30_000);
      expect(broker.sizes().channels).toBe(0);
    }
  });

  test("messages that are too old are freed though their channel is watched and nobody calls (P6)", async () => {
    const { broker, clock } = start({ retention: { ageMs: MINUTE }, keyWindowMs: MINUTE });
    await broker.watch("a", () => {});
    await broker.publish("a", [draft("1"), draft("2")]);
    clock.advance(MINUTE + 20_000);
    expect(broker.sizes()).toEqual({ channels: 1, logBytes: 0, keys: 0 });
  });

  test("reading keeps no log alive (P6)", async () => {
    const { broker, clock } = start({ retention: { ageMs: MINUTE }, keyWindowMs: MINUTE });
    await broker.publish("a", [draft("1")]);
    for (let i = 0; i < 10; i++) {
      await broker.read("a", "now", ALL);
      clock.advance(10_000);
    }
    expect(await broker.read("a", "start", ALL)).toEqual({ kind: "none" });
  });

  test("one timer frees what is due while nobody calls, and stops when nothing is left (P6)", async () => {
    const { broker, clock } = start({ retention: { ageMs: MINUTE }, keyWindowMs: 2 * MINUTE });
    expect(clock.pending).toBe(0);
    for (let n = 0; n < 100; n++) await broker.publish(`room/${n}`, [draft("x", foreign("k"))]);
    await broker.claim("calls", "k", { print: 1, leaseMs: 3 * MINUTE, repeatable: false });
    expect(clock.pending).toBe(1);
    clock.advance(2 * MINUTE + 15_000);
    expect(broker.sizes()).toEqual({ channels: 0, logBytes: 0, keys: 1 });
    expect(clock.pending).toBe(1);
    clock.advance(5 * MINUTE);
    expect(broker.sizes()).toEqual({ channels: 0, logBytes: 0, keys: 0 });
    expect(clock.pending).toBe(0);
  });

  test("a key outlives neither its log nor the other way round: a first receipt is always of this epoch (P4, P5)", async () => {
    const { broker, clock } = start({ retention: { ageMs: 1_000 }, keyWindowMs: MINUTE });
    const [first] = await broker.publish("a", [draft("1", counted(1))]);
    for (let seconds = 0; seconds < 100; seconds++) {
      clock.advance(1_000);
      const head = await broker.read("a", "now", ALL);
      const [again] = await broker.publish("a", [draft("1", counted(1))]);
      if (!again?.ok || !first?.ok) throw new Error("a publish failed");
      if (again.repeated && head.kind === "messages") expect(again.id).toBe(formatId(head.epoch, 1));
      if (!again.repeated) {
        expect(seconds).toBeGreaterThanOrEqual(59);
        break;
      }
    }
  });
});
