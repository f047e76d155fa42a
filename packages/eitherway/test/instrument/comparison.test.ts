import { describe, expect, it } from "vitest";
import {
  type FigureKind,
  formatRatio,
  formatRatios,
  formatValue,
  hasDifference,
  judgeFigures,
  type Side,
  standing,
  verdictLabel,
  verdictSentence,
} from "../../src/instrument/index.ts";

const WS: Side = { id: "ws", name: "WebSocket" };
const SSE: Side = { id: "sse", name: "SSE" };
const KIND: FigureKind = {
  id: "round-trip.p50",
  row: "direction",
  title: "round trip, p50",
  unit: "ms",
  better: "less",
  about: "From a publish to its answer.",
  judged: true,
};

const rounds = (value: number, count = 30) => Array.from({ length: count }, (_, round) => value + (round % 3) / 100);

describe("a comparison", () => {
  it("judges each side against the first one, and shows what is not judged", () => {
    const figures = judgeFigures(
      [WS, SSE],
      [
        [KIND, { rounds: { ws: rounds(1), sse: rounds(2) } }],
        [{ ...KIND, id: "bytes", judged: false }, { rounds: { ws: [100], sse: [200] } }],
      ],
    );
    expect(figures.map(({ id }) => id)).toEqual(["round-trip.p50", "bytes"]);
    expect(figures[0]?.values.ws?.verdict).toBeUndefined();
    expect(figures[0]?.values.sse?.verdict).toMatchObject({ outcome: "more", rounds: 30 });
    expect(figures[1]?.values.sse).toMatchObject({ summary: { median: 200, rounds: 1 } });
    expect(figures[1]?.values.sse?.verdict).toBeUndefined();
    expect(hasDifference({ figures })).toBe(true);
  });

  it("has no difference where the rounds are the same", () => {
    const figures = judgeFigures([WS, SSE], [[KIND, { rounds: { ws: rounds(1), sse: rounds(1) } }]]);
    expect(hasDifference({ figures })).toBe(false);
  });

  it("leaves out figures and sides that were not measured, and rounds in pairs", () => {
    const figures = judgeFigures(
      [WS, SSE],
      [
        [KIND, { rounds: { ws: [null, ...rounds(1)], sse: [5, ...rounds(1)] } }],
        [{ ...KIND, id: "only-sse" }, { rounds: { ws: [null], sse: [1] } }],
        [{ ...KIND, id: "nothing" }, { rounds: { ws: [null], sse: [] } }],
      ],
    );
    expect(figures.map(({ id, values }) => [id, Object.keys(values)])).toEqual([
      ["round-trip.p50", ["ws", "sse"]],
      ["only-sse", ["sse"]],
    ]);
    expect(figures[0]?.values.sse?.verdict).toMatchObject({ outcome: "none", rounds: 30 });
    expect(figures[1]?.values.sse?.verdict).toEqual({ outcome: "unjudged", rounds: 0 });
  });

  it("is stricter the more verdicts there are, so that more figures find no more false ones", () => {
    const measured = { rounds: { ws: rounds(1, 9), sse: rounds(2, 9) } };
    const [alone] = judgeFigures([WS, SSE], [[KIND, measured]]);
    const many = judgeFigures(
      [WS, SSE],
      Array.from({ length: 10 }, (_, index) => [{ ...KIND, id: String(index) }, measured] as const),
    );
    expect(alone?.values.sse?.verdict?.outcome).toBe("more");
    expect(many[0]?.values.sse?.verdict?.outcome).toBe("unjudged");
  });
});

describe("its words", () => {
  it("give values three digits and their unit", () => {
    expect(
      [
        formatValue(0.21449, "ms"),
        formatValue(80.04, "ms"),
        formatValue(1_530, "ms"),
        formatValue(12.345, "us"),
        formatValue(4_200, "us"),
        formatValue(136, "bytes"),
        formatValue(65_792, "bytes"),
        formatValue(12_040.4, "per-second"),
        formatValue(33.333, "percent"),
        formatValue(6, "count"),
      ].join(" | "),
    ).toBe("0.214 ms | 80 ms | 1.53 s | 12.3 µs | 4.2 ms | 136 B | 64.3 kB | 12,040/s | 33.3 % | 6");
  });

  it("say ratios as people do", () => {
    expect([1.3, 0.74, 2.4, 0.4, 1].map(formatRatio)).toEqual([
      "30 % more",
      "26 % less",
      "2.4 times as much",
      "40 % as much",
      "0 % more",
    ]);
  });

  it("say intervals of ratios as people do", () => {
    const intervals = [
      [1.38, 1.44],
      [0.54, 0.66],
      [0.96, 1.04],
      [0.41, 0.58],
      [0.9, 2.6],
    ] as const;
    expect(intervals.map(([low, high]) => formatRatios(low, high))).toEqual([
      "38 to 44 % more",
      "34 to 46 % less",
      "4 % less to 4 % more",
      "0.41 to 0.58 times as much",
      "0.9 to 2.6 times as much",
    ]);
  });

  it("say what was found, between which bounds", () => {
    const found = { outcome: "more", ratio: 1.41, low: 1.38, high: 1.44, rounds: 30 } as const;
    const none = { outcome: "none", ratio: 1.01, low: 0.96, high: 1.04, rounds: 30 } as const;
    const few = { outcome: "unjudged", rounds: 1 } as const;
    expect(
      [found, { ...found, ratio: 2.5 }, none, few].map((verdict) => verdictSentence(KIND, [WS, SSE], verdict)),
    ).toEqual([
      "round trip, p50: SSE has 41 % more than WebSocket (38 to 44 % more, 30 rounds).",
      "round trip, p50: SSE has 2.5 times as much as WebSocket (38 to 44 % more, 30 rounds).",
      "round trip, p50: no difference between SSE and WebSocket was shown (4 % less to 4 % more, 30 rounds).",
      "round trip, p50: 1 round is too few for a verdict.",
    ]);
    expect([found, none, few].map(verdictLabel)).toEqual(["41 % more", "no difference", "too few rounds"]);
    expect([found, none, few].map((verdict) => standing(KIND, verdict))).toEqual(["worse", "even", "even"]);
    expect(standing({ better: "more" }, found)).toBe("better");
  });
});
