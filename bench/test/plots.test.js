/** Pictures: nothing is cut off, and no burst stands alone. */
import { describe, expect, test } from "vitest";
import { barChart, lineChart } from "../lib/plot.js";
import { picturesOf } from "../lib/plots.js";
import { cell, results } from "./made-up.js";

const ROLES = /** @type {const} */ ({ ours: "ours", peer: "peer" });

/** @param {number} median @param {number} [low] @param {number} [high] */
const value = (median, low = median, high = median) => ({ median, low, high });

/** @param {string} svg */
function barsOf(svg) {
  return [...svg.matchAll(/<rect class="bar (\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(
    ([, role, x, width]) => ({ role, x: Number(x), width: Number(width) }),
  );
}

describe("bars", () => {
  const svg = barChart("A title", [
    {
      title: "First",
      unit: "µs",
      bars: [
        { label: "Eitherway", role: ROLES.ours, value: value(2) },
        { label: "a < b", role: ROLES.peer, value: value(8, 6, 9) },
      ],
    },
    { title: "Second", unit: "µs", bars: [{ label: "Eitherway", role: ROLES.ours, value: value(0.02) }] },
  ]);

  test("begin at 0, so that their lengths are in proportion", () => {
    const [ours, other] = barsOf(svg);
    expect(ours?.x).toBe(other?.x);
    expect((other?.width ?? 0) / (ours?.width ?? 1)).toBeCloseTo(4, 1);
    expect(svg).toContain(">0</text>");
  });

  test("have their values beside them, and a whisker from the smallest to the largest round", () => {
    expect(svg).toContain(">2.00</text>");
    expect(svg).toContain(">8.00</text>");
    const whiskers = [...svg.matchAll(/class="whisker" d="M([\d.]+) [\d.]+H([\d.]+)/g)];
    const [, from, to] = whiskers[1] ?? [];
    const [, other] = barsOf(svg);
    const scale = (other?.width ?? 0) / 8;
    expect(Number(from) - (other?.x ?? 0)).toBeCloseTo(6 * scale, 0);
    expect(Number(to) - (other?.x ?? 0)).toBeCloseTo(9 * scale, 0);
  });

  test("of each panel have an axis of their own, and stay inside the picture", () => {
    expect(barsOf(svg)[2]?.width).toBeGreaterThan(100);
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    for (const bar of barsOf(svg)) expect(bar.x + bar.width).toBeLessThan(Number(width));
    const feet = [...svg.matchAll(/<text[^>]* y="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(Math.max(...feet)).toBeLessThan(Number(height));
  });

  test("words are escaped, and stand in the title for those who do not see the picture", () => {
    expect(svg).toContain(
      "<title>A title. First, µs: Eitherway 2.00, a &lt; b 8.00. Second, µs: Eitherway 0.0200.</title>",
    );
    expect(svg).not.toContain("a < b");
  });

  test("have a ground and colours for light and for dark", () => {
    expect(svg).toContain('<rect class="ground"');
    expect(svg).toMatch(/@media \(prefers-color-scheme:dark\)\{\s*text\{fill:#e6edf3\}/);
  });
});

test("lines begin at 0, and their names do not overlap where they end together", () => {
  const svg = lineChart(
    "Growth",
    ["100", "1,000"],
    [
      { label: "one", role: ROLES.ours, values: [value(1), value(2)] },
      { label: "two", role: ROLES.peer, values: [value(1), value(2.01)] },
      { label: "three", role: ROLES.peer, values: [value(4), undefined] },
    ],
  );
  const heights = [...svg.matchAll(/y="([\d.]+)" text-anchor="start">(?:one|two|three) /g)].map(([, y]) => Number(y));
  expect(heights).toHaveLength(3);
  const [first = 0, second = 0, third = 0] = heights.sort((a, b) => a - b);
  expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(16);
  expect(svg).toContain(">0</text>");
});

describe("of the report", () => {
  const turns = ["1 a turn", "10 a turn", "100 a turn"];
  const fanOut = turns.map((turn, nth) => cell(`fan-out / ${turn} / websocket / eitherway`, [10 / 10 ** nth]));
  /** @param {readonly import("../lib/types.js").Cell[]} cells */
  const names = (cells) => picturesOf(results(cells)).map(({ name }) => name);

  test("fan-out is only drawn with the lone message and both bursts together", () => {
    expect(names(fanOut)).toEqual(["fan-out-websocket"]);
    for (const nth of turns.keys()) expect(names(fanOut.filter((_, one) => one !== nth))).toEqual([]);
  });

  test("growth is the ratio to the C server in the same round, from 100 to 10,000 subscribers", () => {
    const cells = [
      cell("growth / 100 subscribers / websocket / eitherway", [6, 12]),
      cell("growth / 100 subscribers / websocket / c", [4, 8]),
      cell("growth / 10,000 subscribers / websocket / eitherway", [9]),
      cell("growth / 10,000 subscribers / websocket / c", [5]),
      cell("fan-out / 1 a turn / websocket / eitherway", [8]),
      cell("fan-out / 1 a turn / websocket / c", [5]),
    ];
    const picture = picturesOf(results(cells)).find(({ name }) => name === "growth");
    expect(picture?.words).toContain("Eitherway: 100: 1.50, 1,000: 1.60, 10,000 subscribers: 1.80.");
  });

  test("a picture without figures is not drawn", () => {
    expect(names([])).toEqual([]);
    expect(names([cell("relay / 1 in flight / websocket / ws", [{ void: "cut" }])])).toEqual([]);
  });
});
