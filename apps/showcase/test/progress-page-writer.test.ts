import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compose, pageWriter } from "../progress/page-writer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("it says that no model wrote it", () => {
  expect(pageWriter.by).toContain("not by a model");
});

test("the same question gets the same answer, another one another", () => {
  expect(compose("Why does a proxy buffer?")).toBe(compose("Why does a proxy buffer?"));
  expect(compose("Why does a proxy buffer?")).not.toBe(compose("What is a lease?"));
});

test("sentences that share words with the question come first, and no sentence twice", () => {
  const answer = compose("Why does a proxy that buffers make SSE silent?");
  expect(answer.startsWith("A proxy that buffers makes an SSE stream silent")).toBe(true);
  const sentences = answer.split(/(?<=\.)\s+/);
  expect(new Set(sentences).size).toBe(sentences.length);
});

test("it writes word by word, at a pace, and leaves nothing out", async () => {
  const words: [number, string][] = [];
  const begun = Date.now();
  let isWritten = false;
  const reading = (async () => {
    for await (const word of pageWriter.write("What is a lease?", new AbortController().signal)) {
      words.push([Date.now() - begun, word]);
    }
  })().finally(() => {
    isWritten = true;
  });
  while (!isWritten) await vi.advanceTimersByTimeAsync(1); // never from one timer to another one, whosever that is
  await reading;
  expect(words.map(([, word]) => word).join("")).toBe(compose("What is a lease?"));
  const gaps = words.map(([at], index) => at - (words[index - 1]?.[0] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(61);
});

test("it stops in the middle when its signal aborts", async () => {
  const stop = new AbortController();
  const words = pageWriter.write("What is a lease?", stop.signal)[Symbol.asyncIterator]();
  const first = words.next();
  await vi.runAllTimersAsync();
  expect((await first).done).toBe(false);
  const second = words.next();
  stop.abort(new Error("stopped"));
  await expect(second).rejects.toThrow("stopped");
  expect(vi.getTimerCount()).toBe(0);
});
