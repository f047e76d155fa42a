import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, quantile, sortedUp, summarize, tailOf } from "../../src/instrument/index.ts";

describe("samples", () => {
  it("have the quantiles of definition 7", () => {
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75); // R: quantile(1:4, 0.25)
    expect(quantile([1, 2, 3, 4], 0.95)).toBeCloseTo(3.85, 12);
    expect(quantile([7], 0.99)).toBe(7);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([])).toBeNaN();
  });

  it("lie between their smallest and their largest, in the order of the shares", () => {
    const numbers = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sorted = sortedUp(values);
        const value = quantile(sorted, share);
        const slack = 1e-6; // of the interpolation
        expect(value).toBeGreaterThanOrEqual((sorted[0] as number) - slack);
        expect(value).toBeLessThanOrEqual((sorted.at(-1) as number) + slack);
        expect(quantile(sorted, share / 2)).toBeLessThanOrEqual(value + slack);
      }),
    );
  });

  it("are summed up by their middle half, and by their tail", () => {
    const values = Array.from({ length: 101 }, (_, index) => 100 - index);
    expect(summarize(values)).toEqual({ rounds: 101, median: 50, low: 25, high: 75 });
    expect(tailOf(values)).toEqual({ count: 101, p50: 50, p95: 95, p99: 99, max: 100 });
    expect(summarize([])).toBeUndefined();
    expect(tailOf([])).toBeUndefined();
  });
});
