import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Broker, CONTROL_LOG, type Page } from "../../src/core/index.ts";
import { bytesPayload, type Id, parseId, textPayload } from "../../src/protocol/index.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/index.ts";
import { directory, type Settings, type Started, start } from "./support.ts";

const ALL = { messages: 10_000, bytes: 10_000_000 };
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const MINUTE = 60_000;

const draft = (text: string, more: object = {}) => ({ event: "message", payload: textPayload(text), ...more });
const foreign = (key: string) => ({ key: { kind: "foreign", user: "ana", key } }) as const;
const counted = (counter: number) => ({ key: { kind: "counted", user: "ana", client: "c1", counter } }) as const;

async function publish(broker: Broker, text: string, more: object = {}, channel = "a"): Promise<Id> {
  const [receipt] = await broker.publish(channel, [draft(text, more)]);
  return receipt?.ok ? receipt.id : expect.fail(String(receipt?.error));
}

async function texts(broker: Broker, channel = "a", after = "start"): Promise<unknown> {
  const page = await broker.read(channel, after, ALL);
  return page.kind === "messages" ? page.messages.map(({ payload }) => payload.data) : whyOf(page);
}

function whyOf(page: Page): string {
  return page.kind === "gap" ? page.why : page.kind;
}

function epochOf(id: Id): string | undefined {
  return parseId(id)?.epoch;
}

/** Closes it, and opens the directory again in a process whose clock began anew `down` milliseconds later. */
async function restart({ broker, clock }: Started, path: string, settings: Settings = {}, down = 0): Promise<Started> {
  await broker.close();
  return start(path, { clock: later(clock, down), seed: 2, ...settings });
}

function later(clock: FakeClock, ms: number): FakeClock {
  return createFakeClock({ wall: clock.wall() + ms });
}

describe("a file broker that is started again", () => {
  test("has what was revoked, weeks after messages were too old (P9)", async () => {
    const path = directory();
    const first = start(path);
    await publish(first.broker, "ana", {}, CONTROL_LOG);
    await publish(first.broker, "one");
    const { broker } = await restart(first, path, {}, 20 * DAY);
    expect(await texts(broker, CONTROL_LOG)).toEqual(["ana"]);
    expect(await texts(broker)).not.toEqual(["one"]);
  });

  test("has its messages, under ids that go on, and what follows every cursor (P2, P4)", async () => {
    const path = directory();
    const first = start(path);
    const ids = [await publish(first.broker, "one", { from: "ana" }), await publish(first.broker, "two")];
    const { broker } = await restart(first, path);
    expect(await texts(broker)).toEqual(["one", "two"]);
    expect(await texts(broker, "a", ids[0])).toEqual(["two"]);
    const third = await publish(broker, "three");
    expect([epochOf(third), parseId(third)?.seq]).toEqual([epochOf(ids[0] ?? ""), 3]);
    expect(await texts(broker, "a", ids[1])).toEqual(["three"]);
  });

  test("knows the keys of commands, and tells another body under one (P5)", async () => {
    const path = directory();
    const first = start(path);
    const ids = [await publish(first.broker, "x", foreign("k")), await publish(first.broker, "y", counted(7))];
    const { broker } = await restart(first, path);
    const receipts = await broker.publish("a", [
      draft("x", foreign("k")),
      draft("y", counted(7)),
      draft("other", foreign("k")),
      draft("late", counted(3)),
    ]);
    expect(receipts.slice(0, 2)).toEqual(ids.map((id) => ({ ok: true, id, repeated: true })));
    expect(receipts.slice(2).map((receipt) => !receipt.ok && receipt.error.code)).toEqual([
      "key-reused",
      "outcome-unknown",
    ]);
    expect(await texts(broker)).toEqual(["x", "y"]);
  });

  test("remembers a key for its window, counted on while nothing ran (P5, P6)", async () => {
    const path = directory();
    const first = start(path);
    const id = await publish(first.broker, "x", foreign("k"));
    const second = await restart(first, path, {}, 4 * MINUTE);
    expect(await publish(second.broker, "x", foreign("k"))).toBe(id);
    const third = await restart(second, path, {}, 2 * MINUTE);
    expect(await publish(third.broker, "x", foreign("k"))).not.toBe(id);
  });

  test("says for how long keys are remembered where their bound shortened that (P5, P6)", async () => {
    const path = directory();
    const limits = { keys: 2 };
    const first = start(path, { limits });
    await publish(first.broker, "1", foreign("1"));
    first.clock.advance(MINUTE);
    for (const key of ["2", "3"]) await publish(first.broker, key, foreign(key));
    const window = first.broker.keyWindow();
    expect(window).toBe(MINUTE);
    const second = await restart(first, path, { limits }, 1_000);
    expect(second.broker.keyWindow()).toBe(window + 1_000);
  });

  test("has what came of each claim, also bytes, and which lapsed (P5)", async () => {
    const path = directory();
    const first = start(path);
    const request = { print: 1, leaseMs: MINUTE, repeatable: false };
    const answer = bytesPayload(Uint8Array.of(0, 255));
    for (const key of ["done", "failed", "lost"]) await first.broker.claim("scope", key, request);
    await first.broker.settle("scope", "done", { ok: true, answer });
    await first.broker.settle("scope", "failed", { ok: false, code: "call-failed", message: "sold out" });
    const { broker } = await restart(first, path, {}, 2 * MINUTE);
    expect(await broker.claim("scope", "done", request)).toEqual({
      state: "settled",
      settlement: { ok: true, answer },
    });
    expect(await broker.claim("scope", "failed", request)).toMatchObject({
      settlement: { ok: false, code: "call-failed", message: "sold out" },
    });
    expect(await broker.claim("scope", "lost", request)).toEqual({ state: "lapsed" });
  });

  test("keeps by age counted on while nothing ran, and by number and bytes as before (P6)", async () => {
    const path = directory();
    const retention = { messages: 3, ageMs: HOUR };
    const first = start(path, { retention });
    for (const text of ["1", "2", "3", "4"]) await publish(first.broker, text);
    const second = await restart(first, path, { retention }, HOUR / 2);
    const { logBytes } = second.broker.sizes();
    await publish(second.broker, "5");
    expect(second.broker.sizes().logBytes).toBe(logBytes);
    const third = await restart(second, path, { retention }, HOUR / 2 + 1_000);
    expect(await texts(third.broker)).toEqual(["5"]);
  });

  test("spares the newest entry of each collapse key still (P2)", async () => {
    const path = directory();
    const retention = { messages: 2 };
    const first = start(path, { retention });
    const long = "k".repeat(5_000); // longer than any key of the database
    for (const collapse of ["a", "b", long]) await publish(first.broker, `${collapse.slice(0, 1)}1`, { collapse });
    for (const text of ["x", "y"]) await publish(first.broker, text);
    const { broker } = await restart(first, path, { retention });
    expect(await texts(broker)).toEqual(["a1", "b1", "k1", "x", "y"]);
    await publish(broker, "k2", { collapse: long });
    expect(await texts(broker)).toEqual(["a1", "b1", "y", "k2"]);
  });

  test("ends a stream whose producer is gone, once, and lets nobody else end it (P7)", async () => {
    const path = directory();
    const log = "@stream/a/answer";
    const first = start(path);
    const hold = await first.broker.streams?.open(log, MINUTE);
    if (!hold) expect.fail("no streams");
    await first.broker.streams?.append(hold, textPayload("half"));
    const second = await restart(first, path, {}, 1_000);
    await expect(second.broker.streams?.open(log, MINUTE)).rejects.toMatchObject({ code: "stream-open" });
    await second.advance(MINUTE);
    const third = await restart(second, path);
    const page = await third.broker.read(log, "start", ALL);
    expect(page.kind === "messages" && page.messages.map(({ event }) => event)).toEqual(["piece", "failed"]);
  });

  test("has nobody present, which the log of that says by another epoch (P8)", async () => {
    const path = directory();
    const first = start(path);
    await first.broker.presence?.touch("a", { member: "ana", holder: "c1", state: "{}" }, MINUTE);
    const before = await first.broker.presence?.list("a");
    expect(before?.members).toHaveLength(1);
    const { broker } = await restart(first, path);
    expect(await broker.presence?.list("a")).toEqual({ members: [], at: undefined });
    await broker.presence?.touch("a", { member: "bo", holder: "c2", state: "{}" }, MINUTE);
    const { epoch = "", seq = 0 } = before?.at ?? {};
    expect(await texts(broker, "@presence/a", `${epoch}-${String(seq).padStart(8, "0")}`)).toBe("epoch");
  });

  test("gives who comes back time before an idle channel goes, and lets it go then (P6)", async () => {
    const path = directory();
    const retention = { ageMs: HOUR };
    const first = start(path, { retention });
    const stop = await first.broker.watch("a", () => {});
    const second = await restart(first, path, { retention }, 30 * HOUR);
    expect(second.broker.sizes().channels).toBe(1);
    await second.advance(11 * MINUTE);
    expect(second.broker.sizes().channels).toBe(0);
    const third = await restart(second, path, { retention });
    expect(third.broker.sizes()).toEqual({ channels: 0, logBytes: 0, keys: expect.any(Number) });
    stop();
  });
});

describe("ids after files that may be older than what was shown", () => {
  /** A store with two messages whose machine went down while it was open. */
  async function powerCut(fsync: "always" | "interval" | "never", logged: unknown[] = []) {
    const path = directory();
    const first = start(path, { fsync });
    const ids = [await publish(first.broker, "one"), await publish(first.broker, "two")];
    const open = readFileSync(join(path, "eitherway.json"), "utf8");
    await first.broker.close();
    writeFileSync(join(path, "eitherway.json"), open.replace(/"boot": "[^"]*"/, '"boot": "another run"'));
    const logger = { info() {}, warn: (...line: unknown[]) => void logged.push(line), error() {} };
    return { path, ids, second: start(path, { fsync, logger, clock: later(first.clock, 1_000), seed: 2 }) };
  }

  test.each(["interval", "never"] as const)(
    "after a power cut under %s every log has another epoch, its entries and seq stay (P2)",
    async (fsync) => {
      const logged: unknown[] = [];
      const { ids, second, path } = await powerCut(fsync, logged);
      expect(logged).toEqual([["epochs renewed", { directory: path, channels: 1 }]]);
      expect(second.counters).toMatchObject({ "storage.epochs-renewed": 1 });
      expect(await texts(second.broker, "a", ids[0])).toBe("epoch");
      expect(await texts(second.broker)).toEqual(["one", "two"]);
      const third = await publish(second.broker, "three");
      expect(parseId(third)?.seq).toBe(3);
      expect(epochOf(third)).not.toBe(epochOf(ids[0] ?? ""));
      const again = await restart(second, path, { fsync });
      expect(await texts(again.broker, "a", third)).toEqual([]);
    },
  );

  test("after a power cut under always all goes on: what was acknowledged was on the disk (P2, P4)", async () => {
    const { ids, second } = await powerCut("always");
    expect(await texts(second.broker, "a", ids[0])).toEqual(["two"]);
  });

  test("a process that ended without closing, on a machine that ran on, goes on under every policy (P2, P4)", async () => {
    for (const fsync of ["always", "interval", "never"] as const) {
      const path = directory();
      const first = start(path, { fsync });
      const id = await publish(first.broker, "one");
      const open = readFileSync(join(path, "eitherway.json"), "utf8");
      await first.broker.close();
      writeFileSync(join(path, "eitherway.json"), open);
      const { broker } = start(path, { fsync, clock: later(first.clock, 0) });
      expect(await texts(broker, "a", id)).toEqual([]);
    }
  });

  test("a copy of the directory has other epochs than the original, which goes on (P2)", async () => {
    const path = directory();
    const copy = directory();
    const first = start(path);
    const id = await publish(first.broker, "one");
    await first.broker.close();
    cpSync(path, copy, { recursive: true, preserveTimestamps: true });
    const copied = start(copy, { seed: 2, clock: later(first.clock, 0) });
    expect(await texts(copied.broker, "a", id)).toBe("epoch");
    expect(await texts(copied.broker)).toEqual(["one"]);
    const original = start(path, { clock: later(first.clock, 0) });
    expect(await texts(original.broker, "a", id)).toEqual([]);
  });

  test("an old state written over the files has other epochs (P2)", async () => {
    const path = directory();
    const backup = directory();
    const first = start(path);
    await publish(first.broker, "one");
    await first.broker.close();
    for (const name of ["data.mdb", "eitherway.json"]) copyFileSync(join(path, name), join(backup, name));
    const second = start(path, { clock: later(first.clock, 0) });
    const shown = await publish(second.broker, "two");
    await second.broker.close();
    for (const name of ["data.mdb", "eitherway.json"]) copyFileSync(join(backup, name), join(path, name));
    const third = start(path, { seed: 3, clock: later(second.clock, 0) });
    expect(await texts(third.broker, "a", shown)).toBe("epoch");
    expect(await publish(third.broker, "another")).not.toBe(shown);
  });
});
