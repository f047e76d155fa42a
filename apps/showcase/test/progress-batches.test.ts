import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inBatches } from "../progress/batches.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Pieces at given times, in milliseconds from the first request. */
async function* pieces(...times: readonly (readonly [at: number, piece: string])[]): AsyncGenerator<string> {
  const begun = Date.now();
  for (const [at, piece] of times) {
    const left = begun + at - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    yield piece;
  }
}

async function readAll(batches: AsyncIterable<string>): Promise<readonly (readonly [number, string])[]> {
  const begun = Date.now();
  const got: (readonly [number, string])[] = [];
  const reading = (async () => {
    for await (const batch of batches) got.push([Date.now() - begun, batch]);
  })();
  await vi.runAllTimersAsync();
  await reading;
  return got;
}

test("pieces that come within the time are one batch, whose time begins with the first of them", async () => {
  const source = pieces([0, "a"], [10, "b"], [29, "c"], [31, "d"], [200, "e"]);
  expect(await readAll(inBatches(source, 30))).toEqual([
    [30, "abc"],
    [61, "d"],
    [200, "e"],
  ]);
});

test("a batch does not wait for the next piece, however long that takes", async () => {
  expect(await readAll(inBatches(pieces([0, "a"], [10_000, "b"]), 30))).toEqual([
    [30, "a"],
    [10_000, "b"],
  ]);
});

test("the last batch comes with the end, and nothing makes none", async () => {
  expect(await readAll(inBatches(pieces([0, "a"], [1, "b"]), 30))).toEqual([[1, "ab"]]);
  expect(await readAll(inBatches(pieces(), 30))).toEqual([]);
});

test("a source that fails while a batch is gathered fails behind it: what was written before is not lost", async () => {
  const failing = (async function* () {
    yield "a";
    throw new Error("broken");
  })();
  const batches = inBatches(failing, 30);
  expect((await batches.next()).value).toBe("a");
  await expect(batches.next()).rejects.toThrow("broken");
});

test("whoever leaves ends the source", async () => {
  let ended = false;
  const source = (async function* () {
    try {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        yield "a";
      }
    } finally {
      ended = true;
    }
  })();
  const batches = inBatches(source, 30);
  const first = batches.next();
  await vi.advanceTimersByTimeAsync(31);
  expect((await first).value).toMatch(/^a{29,30}$/);
  await batches.return();
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toBe(true);
});

test("while a reader is busy no more than one piece is asked for", async () => {
  let asked = 0;
  const source = (async function* () {
    for (;;) {
      asked++;
      await new Promise((resolve) => setTimeout(resolve, 10));
      yield "a";
    }
  })();
  const batches = inBatches(source, 30);
  const first = batches.next();
  await vi.advanceTimersByTimeAsync(100);
  await first;
  const before = asked;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked - before).toBeLessThanOrEqual(1);
  await batches.return();
});
