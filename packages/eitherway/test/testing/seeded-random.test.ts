import { expect, test } from "vitest";
import { createSeededRandom } from "../../src/testing/index.ts";

test("the same seed gives the same numbers, another one others", () => {
  const [first, same, other] = [createSeededRandom(42), createSeededRandom(42), createSeededRandom(43)];
  const take = (random: () => number): number[] => Array.from({ length: 5 }, random);
  const numbers = take(first);
  expect(take(same)).toEqual(numbers);
  expect(take(other)).not.toEqual(numbers);
});

test("numbers lie from 0 to below 1 and are spread evenly", () => {
  const random = createSeededRandom(1);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const number = random();
    expect(number >= 0 && number < 1).toBe(true);
    const bucket = Math.floor(number * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
