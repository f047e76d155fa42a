import fc from "fast-check";
import { expect, test } from "vitest";
import { createClockBounds, oneWays, type Stamps } from "../../src/instrument/index.ts";

const delay = fc.double({ min: 0, max: 500, noNaN: true });
/** Rounding of the numbers themselves. */
const EPSILON = 1e-6;

/** Messages between clocks that are `apart`, with the delays of their two ways. */
function play(apart: number, ways: readonly { readonly up: number; readonly down: number }[]): readonly Stamps[] {
  return ways.map(({ up, down }, index) => {
    const sent = 1_000 + 37.3 * index;
    return { sent, arrived: sent + up + down, server: Math.floor(sent + up + apart) };
  });
}

test("the difference of two clocks and both ways are wrong by no more than they say, however unequal the ways", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.array(fc.record({ up: delay, down: delay }), { minLength: 1, maxLength: 20 }),
      (apart, ways) => {
        const bounds = createClockBounds();
        const all = play(apart, ways);
        for (const stamps of all) bounds.take(stamps);
        const offset = bounds.offset();
        if (!offset) throw new Error("nothing is known");
        expect(Math.abs(offset.ms - apart)).toBeLessThanOrEqual(offset.uncertainty + EPSILON);
        all.forEach((stamps, index) => {
          const { up, down } = ways[index] ?? { up: 0, down: 0 };
          const told = oneWays(stamps, offset);
          const most = offset.uncertainty + 0.5 + EPSILON; // half of the server's millisecond
          expect(Math.abs(told.up - up)).toBeLessThanOrEqual(most);
          expect(Math.abs(told.down - down)).toBeLessThanOrEqual(most);
        });
      },
    ),
  );
});

test("the quickest message bounds the difference: slow ones take nothing away", () => {
  const bounds = createClockBounds();
  for (const stamps of play(-250, [
    { up: 80, down: 90 },
    { up: 1, down: 1 },
    { up: 300, down: 2 },
  ]))
    bounds.take(stamps);
  expect(bounds.offset()?.ms).toBeCloseTo(-250, 0);
  expect(bounds.offset()?.uncertainty).toBeLessThanOrEqual(1.5); // its 2 ms and the server's millisecond, by halves
});

test("nothing is known before the first message, nor after a clock has stepped", () => {
  const bounds = createClockBounds();
  expect(bounds.offset()).toBeUndefined();
  for (const stamps of [...play(0, [{ up: 1, down: 1 }]), ...play(60_000, [{ up: 1, down: 1 }])]) bounds.take(stamps);
  expect(bounds.offset()).toBeUndefined();
});
