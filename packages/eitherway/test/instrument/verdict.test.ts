import { describe, expect, it } from "vitest";
import { FALSE_ALARMS, judge, LEAST_DIFFERENCE, rankOf } from "../../src/instrument/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";

const ROUNDS = 30; // what `compare --quick` plays
const FIGURES = 12;
const SEED = 20_261_128;

interface Noise {
  /** Of each number, as a share of it. */
  readonly share: number;
  /** How many numbers are from 1 to 11 times too large, as after a pause of a collector. */
  readonly outliers: number;
}

const QUIET: Noise = { share: 0.05, outliers: 0.02 };
const NOISY: Noise = { share: 0.1, outliers: 0.03 };

/** Rounds of two sides on a machine that slowly gets faster and slower, the same for both. */
function play(random: () => number, slower: number, { share, outliers }: Noise) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const noise = () => Math.exp(share * normal()) * (random() < outliers ? 1 + 10 * random() : 1);
  let machine = 1;
  const first: number[] = [];
  const second: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    machine *= Math.exp(0.1 * normal());
    first.push(machine * noise());
    second.push(machine * slower * noise());
  }
  return { first, second, verdicts: FIGURES };
}

function share(count: number, outcome: string, slower: number, noise: Noise): number {
  const random = createSeededRandom(SEED);
  let hits = 0;
  for (let run = 0; run < count; run++) if (judge(play(random, slower, noise)).outcome === outcome) hits++;
  return hits / count;
}

describe("a verdict of paired rounds", () => {
  it.each([QUIET, NOISY])(
    "finds no difference between equals in all but few comparisons of twelve figures (%o)",
    (noise) => {
      expect(1 - share(5_000, "none", 1, noise)).toBeLessThanOrEqual((2 * FALSE_ALARMS) / FIGURES);
    },
  );

  it.each([QUIET, NOISY])("finds a side that is slower by 30 % (%o)", (noise) => {
    expect(share(1_000, "more", 1.3, noise)).toBeGreaterThan(0.98);
    expect(share(1_000, "less", 1 / 1.3, noise)).toBeGreaterThan(0.98);
  });

  it("never finds a difference below the least one that matters, however sure it is", () => {
    const first = Array.from({ length: 200 }, (_, round) => 10 + (round % 7));
    const second = first.map((value) => value * (1 + LEAST_DIFFERENCE - 0.001));
    const verdict = judge({ first, second, verdicts: 1 });
    expect(verdict).toMatchObject({ outcome: "none", rounds: 200 });
    expect(judge({ first, second: first.map((value) => value * 1.06), verdicts: 1 }).outcome).toBe("more");
  });

  it("gives the interval within which the difference lies", () => {
    const first = Array.from({ length: 11 }, () => 1);
    const second = [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.1].reverse();
    const verdict = judge({ first, second, verdicts: 1 });
    expect(verdict).toMatchObject({ outcome: "more", rounds: 11 });
    if (verdict.outcome === "unjudged") throw new Error("it was judged a line above");
    expect([verdict.low, verdict.ratio, verdict.high].map((ratio) => ratio.toFixed(6))).toEqual([
      "1.100000", // rank 1 of 11: 2 * 0.5^11 is below 1 %, 2 * 12 * 0.5^11 is not
      "1.600000",
      "2.100000",
    ]);
  });

  it("says nothing where even unanimous rounds would be too few", () => {
    const first = [1, 1, 1, 1, 1];
    expect(judge({ first, second: [9, 9, 9, 9, 9], verdicts: 1 })).toEqual({ outcome: "unjudged", rounds: 5 });
    expect(judge({ first: [], second: [], verdicts: 1 })).toEqual({ outcome: "unjudged", rounds: 0 });
  });

  it("leaves out rounds in which a side was not measured", () => {
    const first = [Number.NaN, 0, 1, ...Array.from({ length: 20 }, () => 1)];
    const second = [1, 1, Number.NaN, ...Array.from({ length: 20 }, () => 2)];
    expect(judge({ first, second, verdicts: 1 })).toMatchObject({
      outcome: "more",
      ratio: 2,
      low: 2,
      high: 2,
      rounds: 20,
    });
    expect(judge({ first, second: second.slice(0, 10), verdicts: 1 })).toMatchObject({ rounds: 7 });
  });

  it("takes the ranks that the table of the sign test has", () => {
    // Conover, table A3, two-sided: the smallest counts whose tail is below the level
    expect(rankOf(20, 0.05)).toBe(6);
    expect(rankOf(30, 0.01)).toBe(8);
    expect(rankOf(8, 0.01)).toBe(1);
    expect(rankOf(7, 0.01)).toBe(0);
  });
});
