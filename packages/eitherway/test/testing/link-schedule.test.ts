import { describe, expect, it } from "vitest";
import { createLinkSchedule } from "../../src/testing/link-schedule.ts";
import { createSeededRandom } from "../../src/testing/seeded-random.ts";

const still = (): number => 0;

describe("a link", () => {
  it("takes its delay for each byte, whatever else is under way", () => {
    const link = createLinkSchedule({ delayMs: 40 }, still);
    expect([0, 1, 500].map((now) => link(now, 1_000).at)).toEqual([40, 41, 540]);
  });

  it("carries one write after the other at its bandwidth", () => {
    const link = createLinkSchedule({ delayMs: 10, bytesPerSecond: 1_000 }, still);
    expect([0, 0, 50, 1_000].map((now) => link(now, 100).at)).toEqual([110, 210, 310, 1_110]);
  });

  it("adds jitter up to its bound and keeps order all the same", () => {
    const link = createLinkSchedule({ delayMs: 10, jitterMs: 20 }, createSeededRandom(7));
    const delays: number[] = [];
    let last = 0;
    for (let now = 0; now < 1_000; now += 5) {
      const { at } = link(now, 1);
      expect(at).toBeGreaterThanOrEqual(last);
      last = at;
      delays.push(at - now);
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...delays)).toBeLessThan(30);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(10);
  });

  it("delivers nothing during a stall, and what it caught at its end, once in every period", () => {
    const stall = { ms: 200, everyMs: 2_000 };
    const places: number[] = [];
    for (let period = 0; period < 20; period++) {
      const caught: number[] = [];
      const link = createLinkSchedule({ stall }, still);
      for (let now = period * 2_000; now < (period + 1) * 2_000; now++) {
        const due = link(now, 1);
        if (due.at > now) caught.push(due.at);
        else expect(due).toEqual({ at: now, isStalled: false });
      }
      expect(new Set(caught).size).toBe(1);
      expect(caught.length).toBeGreaterThanOrEqual(199);
      expect(caught.length).toBeLessThanOrEqual(201);
      places.push((caught[0] ?? 0) - period * 2_000);
    }
    expect(Math.max(...places) - Math.min(...places)).toBeGreaterThan(1_000);
  });

  it("changes nothing that it is not told to change", () => {
    const link = createLinkSchedule({}, still);
    expect(link(5, 1_000_000)).toEqual({ at: 5, isStalled: false });
  });
});
