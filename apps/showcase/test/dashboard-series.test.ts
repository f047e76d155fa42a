import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, extended, missingFrom, SAMPLES, type Sample, type Series, summaryOf } from "../dashboard/series.ts";

const START = Date.UTC(2026, 0, 1);

/** Sample `n` of a run, taken at its second; its only value is its number. */
function sampleOf(n: number, run = "a", at = START + n * 1_000): Sample {
  return { run, n, at, values: [n] };
}

function samples(first: number, last: number, run = "a"): Series {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => sampleOf(first + i, run));
}

const numbers = (series: Series) => series.map(({ n }) => n);

test("what is read back is joined to what came, each sample once", () => {
  const live = extended([], samples(8, 10));
  const joined = extended(live, samples(1, 11));
  expect(numbers(joined)).toEqual(numbers(samples(1, 11)));
  expect(missingFrom(joined)).toBe(0);
});

test("what was there before what is known now stays", () => {
  expect(numbers(extended(samples(1, 5), samples(6, 7)))).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("nothing new gives the same series, so that nothing renders", () => {
  const series = extended([], samples(1, 5));
  expect(extended(series, [])).toBe(series);
  expect(extended(series, samples(1, 5))).toBe(series);
  expect(extended(series, samples(4, 5))).toBe(series);
});

test("a hole is counted until it is filled", () => {
  const cut = extended(samples(1, 5), samples(9, 10));
  expect(missingFrom(cut)).toBe(3);
  expect(missingFrom(extended(cut, samples(6, 10)))).toBe(0);
});

test("a server that started anew has numbers of its own: nothing is missing, and what the earlier one said stays", () => {
  const again = [sampleOf(1, "b", START + 7_000), sampleOf(2, "b", START + 8_000)];
  const series = extended(samples(1, 5), again);
  expect(numbers(series)).toEqual([1, 2, 3, 4, 5, 1, 2]);
  expect(missingFrom(series)).toBe(0);
});

test("a series is ten minutes long", () => {
  const series = extended([], samples(1, 3_000));
  expect(series).toHaveLength(600);
  expect(numbers(extended(series, samples(3_001, 3_001))).slice(0, 1)).toEqual([2_402]);
});

test("however pages and live samples overlap or leave out, the series has what is known of the window once, in order, and counts the rest", () => {
  const piece = fc.tuple(fc.integer({ min: -300, max: 40 }), fc.integer({ min: 1, max: 900 }));
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
      let newest = 0;
      let series: Series = [];
      const known = new Set<number>();
      for (const [jump, length] of pieces) {
        const first = Math.max(1, newest + 1 + jump);
        newest = Math.max(newest, first + length - 1);
        for (let n = first; n <= newest; n++) known.add(n);
        series = extended(series, samples(first, newest));
        const wanted = [...known].filter((n) => n > newest - SAMPLES).sort((one, other) => one - other);
        expect(numbers(series)).toEqual(wanted);
        expect(missingFrom(series)).toBe(newest - (wanted[0] ?? 0) + 1 - wanted.length);
      }
    }),
  );
});

test("lines break where samples are missing, where the server started anew, and where it stood still; nowhere else", () => {
  const series = [
    ...samples(1, 2),
    sampleOf(5), // 3 and 4 are missing
    { ...sampleOf(6), at: START + 20_000 }, // nothing was taken for 15 s
    sampleOf(1, "b", START + 21_000),
    sampleOf(2, "b", START + 22_500), // late, as timers are
  ];
  expect(columnsOf(series, [0])[1]).toEqual([1, 2, null, 5, null, 6, null, 1, 2]);
});

test("moments grow, though the clock of the server is set back", () => {
  const series = [sampleOf(1), { ...sampleOf(2), at: START - 60_000 }, { ...sampleOf(3), at: START - 59_000 }];
  const [moments] = columnsOf(series, []);
  expect(moments).toHaveLength(3);
  for (const [i, moment] of moments.entries()) expect(moment).toBeGreaterThan(moments[i - 1] ?? 0);
});

test("columns are those of the figures that are asked for; what a sample does not have is none", () => {
  const series = [{ ...sampleOf(1), values: [1, 2, null] }];
  expect(columnsOf(series, [1, 0, 2, 9]).slice(1)).toEqual([[2], [1], [null], [null]]);
});

test("a summary tells the newest, least and most value of a figure, without those that are none", () => {
  const series = [3, null, 1, 2].map((value, i) => ({ ...sampleOf(i + 1), values: [value] }));
  expect(summaryOf(series, 0)).toEqual({ now: 2, least: 1, most: 3 });
  expect(summaryOf([], 0)).toEqual({ now: null, least: null, most: null });
});
