import { once } from "node:events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Batch, type Broker, createHub, DEFAULT_LIMITS } from "../../src/core/index.ts";
import { EitherwayError } from "../../src/protocol/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { draft, foreign, outcomes, texts } from "../core/memory-broker-support.ts";
import { witnessed } from "../support/witness.ts";
import { createPrimary, type PrimaryOptions } from "./support.ts";

const textsOf = ({ messages }: Batch): unknown[] => messages.map(({ payload }) => payload.data);

/** Counts what the primary's own broker watches. */
function counted(options: PrimaryOptions = {}) {
  const watched: string[] = [];
  const primary = createPrimary({
    ...options,
    around: (memory) => ({
      ...options.around?.(memory),
      async watch(channel, sink) {
        watched.push(channel);
        const undo = await memory.watch(channel, sink);
        return () => {
          undo();
          watched.splice(watched.indexOf(channel), 1);
        };
      },
    }),
  });
  return { ...primary, watched };
}

async function listen(broker: Broker, channel: string) {
  const heard: unknown[] = [];
  const stop = await broker.watch(channel, (batch) => heard.push(...textsOf(batch)));
  return { heard, stop };
}

describe("a broker by workers of one primary", () => {
  test("tells all what one of them publishes and announces, in one order; the primary watches once for all (P1, P3)", async () => {
    const { addWorker, watched } = counted();
    const workers = [await addWorker(), await addWorker(), await addWorker()];
    const [one] = workers.map(({ broker }) => broker);
    const listeners = await Promise.all(workers.flatMap(({ broker }) => [listen(broker, "a"), listen(broker, "a")]));
    expect(watched).toEqual(["a"]);
    for (const { broker } of workers) {
      await broker.publish("a", [draft("1")]);
      await broker.announce("a", [draft("2")]);
    }
    await vi.waitFor(() => {
      for (const { heard } of listeners) expect(heard).toEqual(["1", "2", "1", "2", "1", "2"]);
    });
    for (const { stop } of listeners) stop();
    await one?.read("a", "start", { messages: 1, bytes: 1 });
    await vi.waitFor(() => expect(watched).toEqual([]));
  });

  test("watches for none that is gone, and the others go on (P6, P7)", async () => {
    const { addWorker, watched } = counted();
    const [gone, here] = [await addWorker(), await addWorker()];
    await listen(gone.broker, "a");
    await listen(gone.broker, "b");
    const { heard } = await listen(here.broker, "a");
    gone.pipe.destroy();
    await vi.waitFor(() => expect(watched).toEqual(["a"]));
    await here.broker.publish("a", [draft("1")]);
    await vi.waitFor(() => expect(heard).toEqual(["1"]));
  });

  test("tells what it holds, and how long keys are remembered, with each answer and without a question (P5, P6)", async () => {
    const { addWorker, memory } = createPrimary({ keyWindowMs: 60_000 });
    const [one, other] = [await addWorker(), await addWorker()];
    await one.broker.publish("a", [draft("1", foreign("k"))]);
    expect(one.broker.sizes()).toEqual(memory.sizes());
    expect(one.broker.keyWindow()).toBe(60_000);
    await vi.waitFor(() => expect(other.broker.sizes()).toEqual(memory.sizes()), { timeout: 5_000 });
  });

  test("tells errors as they are: code, sentence, details, and the cause of what is a defect (P12)", async () => {
    const { addWorker, errors } = createPrimary({
      around: () => ({
        read() {
          throw new EitherwayError("rate-limited", "too fast", { details: { after: 5 } });
        },
        async readBefore() {
          throw new Error("a defect");
        },
      }),
    });
    const { broker } = await addWorker();
    const limit = { messages: 1, bytes: 1 };
    await expect(broker.read("a", "start", limit)).rejects.toMatchObject({
      code: "rate-limited",
      message: "too fast",
      details: { after: 5 },
    });
    await expect(broker.readBefore("a", undefined, limit)).rejects.toMatchObject({
      code: "internal",
      cause: "Error: a defect",
    });
    expect(errors).toEqual([["broker failed", { call: "readBefore", cause: "Error: a defect" }]]);
  });

  test("looks itself, where it tells on a way of its own, when one of them misses something (P11)", async () => {
    let rereads = 0;
    const { addWorker } = createPrimary({ around: () => ({ reread: async () => void rereads++ }) });
    const { broker } = await addWorker();
    await broker.reread?.();
    expect(rereads).toBe(1);
  });
});

describe("a worker that does not read its pipe", () => {
  const LARGE = "x".repeat(64 * 1024);
  const MIB = 1024 * 1024;

  test("makes the primary hold no more than 8 MiB, delays nobody, and hears of the newest when it reads again (P2, P6, P7)", async () => {
    const { addWorker, counters } = createPrimary({ limits: { logBytes: 64 * MIB }, retention: { bytes: 64 * MIB } });
    const [slow, quick] = [await addWorker(), await addWorker()];
    const [stuck, fluent] = [await listen(slow.broker, "a"), await listen(quick.broker, "a")];
    slow.pipe.pause();
    const COUNT = 300;
    for (let n = 1; n < COUNT; n++) await quick.broker.publish("a", [draft(LARGE)]);
    await quick.broker.publish("a", [draft("last")]);
    await vi.waitFor(() => expect(fluent.heard).toHaveLength(COUNT));
    const untold = counters["workers.untold"] ?? 0;
    expect(untold * LARGE.length).toBeGreaterThan((COUNT * LARGE.length) / 3);
    expect((COUNT - untold) * LARGE.length).toBeGreaterThan(4 * MIB);
    slow.pipe.resume();
    await vi.waitFor(() => expect(stuck.heard.at(-1)).toBe("last"), { timeout: 5_000 });
    expect(stuck.heard.length).toBeLessThan(COUNT);
  });

  test("is asked for no more than it takes: its questions wait with it, and are answered in the end (P6)", async () => {
    let answered = 0;
    const { addWorker } = createPrimary({
      limits: { logBytes: 64 * MIB },
      around: (memory) => ({
        read(...args) {
          answered++;
          return memory.read(...args);
        },
      }),
    });
    const { broker, pipe } = await addWorker();
    await broker.publish("a", [draft("x".repeat(16 * 1024))]);
    pipe.pause();
    const COUNT = 800;
    const pages = Array.from({ length: COUNT }, () => broker.read("a", "start", { messages: 1, bytes: 1 }));
    const other = await addWorker();
    for (let n = 0; n < 100; n++) await other.broker.publish("b", [draft("1")]); // the primary has its turns
    expect(answered).toBeGreaterThan(10);
    expect(answered).toBeLessThan(COUNT / 2);
    pipe.resume();
    for (const page of await Promise.all(pages)) expect(page.kind).toBe("messages");
  });
});

test("a worker that hears nothing from its primary is not ready within 5 s, and ready when it does again (P11)", async () => {
  const { addWorker } = createPrimary();
  const { broker, pipe } = await addWorker();
  const clock = createFakeClock();
  const hub = createHub({ broker, clock, random: () => 0.5, logger: witnessed(), limits: DEFAULT_LIMITS });
  onTestFinished(() => hub.close("drain", "bye", 1));
  const troubles = () => hub.troubles.map(({ part }) => part);
  const becomes = (parts: readonly string[]) =>
    vi.waitFor(() => {
      clock.advance(100);
      expect(troubles()).toEqual(parts);
    });
  await becomes([]);
  pipe.pause();
  clock.advance(5_000);
  expect(troubles()).toEqual(["delivery"]);
  pipe.resume();
  await becomes([]);
});

describe("a worker whose primary is gone", () => {
  test("answers unavailable what can be sent again, and outcome-unknown what cannot, once told (P5)", async () => {
    const { addWorker, close } = createPrimary({ around: () => ({ publish: () => new Promise(() => {}) }) });
    const { broker, lost, pipe } = await addWorker();
    const { heard } = await listen(broker, "a");
    const keyed = broker.publish("a", [draft("1", foreign("k"))]);
    const keyless = broker.publish("a", [draft("2", foreign("l")), draft("3")]);
    await broker.read("a", "start", { messages: 1, bytes: 1 }); // they are there
    close();
    await once(pipe, "close");
    expect(outcomes(await keyed)).toEqual(["unavailable"]);
    expect(outcomes(await keyless)).toEqual(["outcome-unknown", "outcome-unknown"]);
    expect(outcomes(await broker.publish("a", [draft("4")]))).toEqual(["unavailable"]);
    await expect(broker.watch("a", () => {})).rejects.toMatchObject({ code: "unavailable" });
    expect([lost.count, heard]).toEqual([1, []]);
    await broker.close();
  });

  test("is told of nothing when it has closed its broker by itself", async () => {
    const { addWorker } = createPrimary();
    const { broker, lost } = await addWorker();
    await broker.publish("a", [draft("1")]);
    await Promise.all([broker.close(), broker.close()]);
    expect(lost.count).toBe(0);
  });
});

test("a worker's publishes are appended as they were made, bytes and all (P1, P4)", async () => {
  const { addWorker, memory } = createPrimary();
  const { broker } = await addWorker();
  onTestFinished(() => broker.close());
  const bytes = Uint8Array.of(1, 2, 3);
  const published = broker.publish("a", [{ event: "b", payload: { kind: "bytes", data: bytes }, from: "ana" }]);
  bytes.fill(0);
  await Promise.all([published, broker.publish("a", [draft("ünï 🙂")])]);
  expect(await texts(memory, "a")).toEqual([Uint8Array.of(1, 2, 3), "ünï 🙂"]);
});
