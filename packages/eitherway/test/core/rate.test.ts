import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBuckets, type Rate, spend, waitMs } from "../../src/core/rate.ts";

const RATE: Rate = { perSecond: 10, burst: 5 };

describe("a bucket", () => {
  test("gives its burst at once, and then one each time that one has come in again (P6)", () => {
    let fullAt = 0;
    for (let i = 0; i < 4; i++) {
      fullAt = spend(RATE, fullAt, 1, 1_000);
      expect(waitMs(RATE, fullAt, 1_000)).toBe(0);
    }
    fullAt = spend(RATE, fullAt, 1, 1_000);
    expect(waitMs(RATE, fullAt, 1_000)).toBe(100);
    expect(waitMs(RATE, fullAt, 1_100)).toBe(0);
    fullAt = spend(RATE, fullAt, 1, 1_100);
    expect(waitMs(RATE, fullAt, 1_100)).toBe(100);
  });

  test("holds no more than its burst however long nothing is spent, and pays back what it was in debt (P6)", () => {
    expect(waitMs(RATE, spend(RATE, 0, 5, 1_000_000), 1_000_000)).toBe(100);
    expect(waitMs(RATE, spend(RATE, 0, 25, 1_000_000), 1_000_000)).toBe(2_100);
  });

  const rate = fc.record({ perSecond: fc.integer({ min: 1, max: 5_000 }), burst: fc.integer({ min: 1, max: 5_000 }) });
  const pauses = fc.array(fc.record({ ms: fc.nat(3_000), count: fc.integer({ min: 1, max: 50 }) }), { maxLength: 60 });

  test("lets through at most its burst and what comes in meanwhile, whenever who spends waits as he is told (P6)", () => {
    fc.assert(
      fc.property(rate, pauses, (some, steps) => {
        let now = 0;
        let fullAt = 0;
        let spent = 0;
        for (const { ms, count } of steps) {
          now += ms + waitMs(some, fullAt, now);
          fullAt = spend(some, fullAt, count, now);
          spent += count;
          const most = some.burst + (now * some.perSecond) / 1_000 + count; // the last one may go into debt
          expect(spent).toBeLessThanOrEqual(most + 1e-6);
        }
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});

describe("buckets", () => {
  test("are each one's own, and forgotten once they are full again (P6, P7)", () => {
    let now = 0;
    const buckets = createBuckets(RATE, () => now);
    for (let i = 0; i < 5; i++) buckets.spend("ana", 1);
    expect([buckets.waitMs("ana"), buckets.waitMs("bo")]).toEqual([100, 0]);
    for (let i = 0; i < 100; i++) buckets.spend(`once ${i}`, 1);
    expect(buckets.size).toBe(101);
    now = 60_000;
    for (let i = 0; i < 100; i++) buckets.spend("bo", 1);
    expect(buckets.size).toBe(1);
  });

  test("never are more than their number, whoever makes up names (P6)", () => {
    const buckets = createBuckets(RATE, () => 0, 100);
    for (let i = 0; i < 1_000; i++) buckets.spend(`made up ${i}`, 1);
    expect(buckets.size).toBeLessThanOrEqual(100);
  });
});
