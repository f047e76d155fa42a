import { describe, expect, it } from "vitest";
import { conclusions, type Finding } from "../../src/instrument/index.ts";
import { exampleComparison, POLL, SSE, USUAL_FACTORS, WS } from "./support.ts";

describe("the conclusions of a comparison", () => {
  it("are one sentence where nothing differs", () => {
    expect(conclusions(exampleComparison())).toEqual([
      "Between SSE and WebSocket no difference was shown in anything that was judged.",
    ]);
  });

  it("name what differs by how much, the most first, then what does not, then bytes", () => {
    const [about] = conclusions(exampleComparison({ factors: USUAL_FACTORS }));
    expect(about?.split(/(?<=[.]) (?=[A-Z])/)).toEqual([
      expect.stringMatching(
        /^SSE does worse than WebSocket: client to server, p50 \([\d.]+ ms against [\d.]+ ms, 5[\d.]* times as much\); server CPU a publish \(.* µs against .* µs, 2[\d.]* times as much\); publishes of one client \(.*\/s against .*\/s, \d+ % less\); and 1 more\.$/,
      ),
      "No difference was shown in: server to client, p95; open, and the channel is live; server CPU a message, down.",
      "SSE moves other amounts of bytes than WebSocket: bytes a publish, both ways (768 B against 307 B, 2.5 times as much).",
    ]);
  });

  it("tell no bytes that are as different within a side as between both", () => {
    const comparison = exampleComparison({ factors: { sse: { "bytes.up": 1.2 } } });
    const unsteady = comparison.figures.map((figure) => {
      const { sse } = figure.values;
      if (figure.id !== "bytes.up" || !sse) return figure;
      return { ...figure, values: { ...figure.values, sse: { ...sse, summary: { ...sse.summary, low: 300 } } } };
    });
    expect(conclusions(comparison).join(" ")).toContain("SSE moves other amounts of bytes");
    expect(conclusions({ ...comparison, figures: unsteady }).join(" ")).not.toContain("bytes");
  });

  it("say when a difference of delays is too short to be seen", () => {
    const short = conclusions(exampleComparison({ factors: { sse: { "upstream.p50": 5 } } }));
    expect(short.at(-1)).toMatch(/^No usual delay differs by more than 0\.8\d* ms, which people do not see/);
    const long = conclusions(exampleComparison({ factors: { sse: { "upstream.p50": 500 } } }));
    expect(long.join(" ")).not.toContain("people do not see");
  });

  it("say nothing about usual delays where messages stall", () => {
    const finding: Finding = { id: "stalls", side: "sse", says: "SSE: messages stall.", value: 40 };
    const all = conclusions(exampleComparison({ factors: { sse: { "upstream.p50": 5 } }, findings: [finding] }));
    expect(all.at(-1)).toBe("SSE: messages stall.");
    expect(all.join(" ")).not.toContain("people do not see");
  });

  it("tell better from worse whatever the direction of the figure", () => {
    const factors = { sse: { open: 0.5, "upstream.rate": 4 } };
    expect(conclusions(exampleComparison({ factors }))[0]).toMatch(
      /^SSE does better than WebSocket: publishes of one client \(.*; open, and the channel is live \(/,
    );
  });

  it("speak of each side but the first", () => {
    const all = conclusions(exampleComparison({ sides: [WS, SSE, POLL], factors: USUAL_FACTORS }));
    expect(all.filter((sentence) => sentence.includes("does worse")).map((sentence) => sentence.split(" ")[0])).toEqual(
      ["SSE", "Long-poll"],
    );
  });

  it("do not judge what was not measured, or too short", () => {
    const nothing = Object.fromEntries(exampleComparison().figures.map(({ id }) => [id, null]));
    expect(conclusions(exampleComparison({ factors: { sse: nothing } }))).toEqual(["SSE was not measured."]);
    expect(conclusions(exampleComparison({ factors: { ws: nothing } }))).toEqual(["WebSocket was not measured."]);
    expect(conclusions(exampleComparison({ rounds: 2 }))).toEqual([
      "SSE and WebSocket: too few rounds for any verdict.",
    ]);
    expect(conclusions({ ...exampleComparison(), figures: [] })).toEqual([]);
  });
});
