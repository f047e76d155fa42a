import { expect, test } from "vitest";
import { type PollOutcome, readFreshFor, readRetryAfter, waitAfter } from "../feed/poll-plan.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The least and the most that jitter can make of it. */
function waits(outcome: PollOutcome, failures: number): readonly (number | undefined)[] {
  return [0, 1].map((random) => waitAfter(outcome, failures, { everyMs: MINUTE, random: () => random }));
}

test("while all is well a source is asked at its interval, give or take, and never while it says that it is the same", () => {
  expect(waits({ kind: "answered", freshForMs: 0 }, 0)).toEqual([MINUTE, 1.1 * MINUTE]);
  expect(waits({ kind: "answered", freshForMs: HOUR }, 0)).toEqual([HOUR, HOUR]);
});

test("failures make the pause grow, at random, up to an hour", () => {
  const failed = { kind: "failed", retryAfterMs: 0 } as const;
  expect([1, 2, 3].map((failures) => waits(failed, failures)[1])).toEqual([2 * MINUTE, 4 * MINUTE, 8 * MINUTE]);
  expect(waits(failed, 3)[0]).toBe(MINUTE);
  expect(waits(failed, 2_000)).toEqual([MINUTE, HOUR]);
});

test("a source may say when to come back, but not for longer than a day", () => {
  expect(waits({ kind: "failed", retryAfterMs: 2 * HOUR }, 1)).toEqual([2 * HOUR, 2 * HOUR]);
  expect(waits({ kind: "failed", retryAfterMs: 1e12 }, 1)).toEqual([24 * HOUR, 24 * HOUR]);
  expect(waits({ kind: "answered", freshForMs: 1e12 }, 0)).toEqual([24 * HOUR, 24 * HOUR]);
});

test("a source that is gone is not asked again", () => {
  expect(waits({ kind: "gone" }, 0)).toEqual([undefined, undefined]);
});

test("Retry-After is seconds or a date; what makes no sense is no wish", () => {
  const now = Date.UTC(2025, 10, 1, 10);
  expect(readRetryAfter("120", now)).toBe(2 * MINUTE);
  expect(readRetryAfter("Sat, 01 Nov 2025 10:05:00 GMT", now)).toBe(5 * MINUTE);
  for (const nonsense of [null, "", "soon", "-5", "Sat, 01 Nov 2025 09:00:00 GMT"])
    expect(readRetryAfter(nonsense, now)).toBe(0);
});

test("max-age is read out of Cache-Control", () => {
  expect(readFreshFor("public, Max-Age=60")).toBe(MINUTE);
  for (const none of [null, "no-cache", "s-maxage=60", "max-age=x"]) expect(readFreshFor(none)).toBe(0);
});
