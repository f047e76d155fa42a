import { expect, test } from "vitest";
import { amountOf, sizeOf, stateOf, timeOf } from "../progress/wording.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_500, "1.50 kB"],
  [268_435_456, "268 MB"],
  [5e12, "5.00e+3 GB"],
])("%i bytes are %s", (bytes, words) => {
  expect(sizeOf(bytes)).toBe(words);
});

test.each([
  [420, "0.4 s"],
  [59_900, "59.9 s"],
  [125_000, "2 min 5 s"],
])("%i ms are %s", (ms, words) => {
  expect(timeOf(ms)).toBe(words);
});

test("a file is told by its bytes, of how many where that is known, an answer by its characters", () => {
  expect(amountOf({ kind: "file", done: 1_000, total: 2_000 })).toBe("1.00 kB of 2.00 kB");
  expect(amountOf({ kind: "file", done: 1_000 })).toBe("1.00 kB");
  expect(amountOf({ kind: "file", done: 2_000, total: 2_000 })).toBe("2.00 kB");
  expect(amountOf({ kind: "answer", done: 12 })).toBe("12 characters");
});

test("a job is told by what it is at, and by its end as soon as that is known", () => {
  const job = { state: "running", step: "Writing" } as const;
  expect(stateOf(job)).toBe("Writing");
  expect(stateOf(job, { state: "cancelled", tookMs: 1, done: 0 })).toBe("Stopped");
});
