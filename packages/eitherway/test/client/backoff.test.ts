import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs } from "../../src/client/backoff.ts";

const attempts = fc.integer({ min: 0, max: 10_000 });
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const hints = fc.integer({ min: 0, max: 600_000 });

describe("backoff", () => {
  test("never goes below the hint of the server", () => {
    fc.assert(
      fc.property(attempts, chances, hints, (attempt, chance, after) => {
        expect(backoffMs(attempt, () => chance, after)).toBeGreaterThanOrEqual(after);
      }),
    );
  });

  test("never makes a loop without pause, whatever chance gives", () => {
    fc.assert(
      fc.property(attempts, chances, (attempt, chance) => {
        expect(backoffMs(attempt, () => chance)).toBeGreaterThanOrEqual(attempt < 4 ? 100 * 2 ** attempt : 1_000);
      }),
    );
  });

  test("stays under a ceiling that doubles up to half a minute", () => {
    fc.assert(
      fc.property(attempts, chances, (attempt, chance) => {
        expect(backoffMs(attempt, () => chance)).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** attempt));
      }),
    );
    expect(backoffMs(6, () => 0.999_999)).toBe(30_000);
  });

  test("is spread over the whole range, so that those who were cut together do not come back together", () => {
    const delays = Array.from({ length: 100 }, (_, i) => backoffMs(5, () => i / 100));
    expect(new Set(delays).size).toBeGreaterThan(90);
    const hinted = Array.from({ length: 100 }, (_, i) => backoffMs(0, () => i / 100, 5_000));
    expect(new Set(hinted).size).toBeGreaterThan(90);
  });
});
