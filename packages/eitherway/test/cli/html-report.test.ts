import { describe, expect, it } from "vitest";
import { renderHtml } from "../../src/cli/compare/html-report.ts";
import type { Comparison, FaultOutcome, Figure } from "../../src/instrument/index.ts";
import { exampleComparison, POLL, SSE, USUAL_FACTORS, WS } from "../instrument/support.ts";

/** What a reader sees, without tags, in one line. */
function textOf(page: string): string {
  return page
    .replace(/<(style|script|desc|title)\b[^>]*>.*?<\/\1>/gs, " ")
    .replace(/<[^>]+>/g, " ")
    .replace(/[\s\u00a0]+/g, " ");
}

function keptIn(page: string): unknown {
  return JSON.parse(/<script type="application\/json" id="comparison">(.*?)<\/script>/s.exec(page)?.[1] ?? "");
}

function rowOf(page: string, title: string): string {
  const row = page.split('<tr role="row">').findLast((one) => one.includes(`<span class="what">${title}`));
  return textOf(row?.split("</tr>")[0] ?? "").trim();
}

const CUT: FaultOutcome = { fault: "cut", side: "ws", sent: 200, lost: 0, doubled: 0, gaps: 0 };

describe("a report", () => {
  it("says first what was compared, how, and what came out", () => {
    const page = renderHtml(exampleComparison({ factors: USUAL_FACTORS }));
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(textOf(page)).toMatch(
      /^ WebSocket or SSE\? Measured 28 November 2026 at 09:30 UTC Between two processes of this machine, over loopback Network as it is, nothing was added Machine 2 x AMD EPYC, Linux 6\.18, Node 20\.20\.2 Plan default: 40 rounds of each side in 58 s What came out SSE does worse than WebSocket: client to server, p50 /,
    );
  });

  it("has each side's median, middle half and verdict in words", () => {
    const page = renderHtml(exampleComparison({ factors: USUAL_FACTORS }));
    expect(rowOf(page, "client to server, p50")).toMatch(
      /^client to server, p50 How client to server, p50 is measured\. 0\.\d+ ms 0\.\d+ ms to 0\.\d+ ms [\d.]+ ms [\d.]+ ms to [\d.]+ ms − worse: 5[\d.]* times as much$/,
    );
    expect(rowOf(page, "server to client, p95")).toMatch(/ = no difference$/);
    expect(rowOf(page, "bytes a publish, both ways")).toMatch(/ 307 B 768 B$/);
  });

  it("shows better by its own sign, whichever direction is better", () => {
    const page = renderHtml(exampleComparison({ factors: { sse: { "upstream.rate": 3, open: 0.4 } } }));
    expect(rowOf(page, "publishes of one client")).toMatch(/ \+ better: [\d.]+ times as much$/);
    expect(rowOf(page, "open, and the channel is live")).toMatch(/ \+ better: [\d.]+ % as much$/);
  });

  it("draws for each judged figure as many dots as rounds, and one bar for each verdict", () => {
    const page = renderHtml(exampleComparison({ sides: [WS, SSE, POLL], rounds: 12 }));
    const [plot = ""] = /<svg class="plot".*?<\/svg>/s.exec(page) ?? [];
    expect(plot).toContain("<title>server to client, p50: rounds</title>");
    expect(plot).toMatch(/<desc>Medians: WebSocket .* ms, SSE .* ms, Long-poll .* ms\. server to client, p50: /);
    expect(plot.match(/h0/g)).toHaveLength(3 * 12);
    expect(plot.match(/class="interval even"/g)).toHaveLength(2);
  });

  it("keeps every number for programs", () => {
    const comparison = exampleComparison({ factors: USUAL_FACTORS });
    const page = renderHtml(comparison);
    expect(keptIn(page)).toEqual(comparison);
    const [, data = ""] = /href="data:application\/json;base64,([^"]+)" download/.exec(page) ?? [];
    expect(JSON.parse(Buffer.from(data, "base64").toString())).toEqual(comparison);
  });

  it("tells the method with its limits, and how to repeat it where that is known", () => {
    const comparison = exampleComparison();
    const command = "eitherway compare --only ws,sse";
    expect(textOf(renderHtml(comparison))).toContain("off by at least 5 %");
    expect(textOf(renderHtml(comparison))).toContain("at most 1 % find one");
    expect(renderHtml(comparison)).not.toContain("The same again");
    expect(textOf(renderHtml({ ...comparison, made: { ...comparison.made, command } }))).toContain(
      `The same again: ${command}`,
    );
  });

  it("says loudly that it is partial, and only then", () => {
    const whole = exampleComparison();
    const page = renderHtml({ ...whole, made: { ...whole.made, partial: "stopped by Ctrl-C" } });
    expect(page).toContain("<title>Partial: WebSocket or SSE?</title>");
    expect(textOf(page)).toContain("Partial result: stopped by Ctrl-C.");
    expect(renderHtml(whole)).not.toMatch(/Partial|class="partial"/);
  });

  it("has no difference to show where there is none", () => {
    const text = textOf(renderHtml(exampleComparison()));
    expect(text).toContain("Between SSE and WebSocket no difference was shown in anything that was judged.");
    expect(text).not.toMatch(/(worse|better): /);
  });

  it("leaves out what was not measured, and names it", () => {
    const page = renderHtml(exampleComparison({ factors: { sse: { "upstream.p50": null } } }));
    expect(rowOf(page, "client to server, p50")).toMatch(/ not measured$/);
    expect(textOf(page)).toContain(
      "Browser support How many connections does a browser keep open to one server? Not measured (plan “default”).",
    );
  });

  it("is a page even where nothing at all was measured", () => {
    const text = textOf(renderHtml({ ...exampleComparison(), figures: [] }));
    expect(text).toContain("What came out Nothing was measured.");
    expect(text).not.toContain("NaN");
    expect(textOf(renderHtml({ ...exampleComparison(), sides: [], figures: [] }))).toContain("Nothing was measured.");
  });

  it("draws what has a place on its axis, and no other number breaks it", () => {
    const comparison = exampleComparison();
    const [figure] = comparison.figures as [Figure];
    const pageWith = (rounds: readonly (number | null)[], middle: number) => {
      const ws = { rounds, summary: { rounds: rounds.length, median: middle, low: middle, high: middle } };
      return renderHtml({ ...comparison, figures: [{ ...figure, values: { ws } }] });
    };
    const [some, none, alike] = [pageWith([0, -1, null, 2, 3], 2), pageWith([0, -1], -1), pageWith([2, 2], 2)];
    expect(some.match(/h0/g)).toHaveLength(2);
    expect(none).not.toContain("h0");
    expect(alike.match(/h0/g)).toHaveLength(2);
    expect(alike).toMatch(/<text class="tick"[^>]*>2 ms</);
    for (const page of [some, none, alike]) expect(page).not.toMatch(/NaN|Infinity/);
  });

  it("tells what each side lived through, and makes a loss stand out", () => {
    const page = renderHtml(
      exampleComparison({
        faults: [
          { ...CUT, detectedMs: 1.2, recoveredMs: 210 },
          { ...CUT, fault: "server-kill", side: "sse", lost: 12, gaps: 1, note: "Its memory was empty." },
        ],
      }),
    );
    expect(rowOf(page, "Connection cut: WebSocket")).toBe("Connection cut: WebSocket 1.2 ms 210 ms 200 0 0 0");
    expect(rowOf(page, "Server killed: SSE")).toBe(
      "Server killed: SSE Its memory was empty. had not to not in time 200 12 0 1",
    );
    expect(page).toContain("<strong>12</strong>");
  });

  it("tells what a browser allows", () => {
    const limits = [
      { id: "sse-http1", title: "Event streams over HTTP/1.1", open: 6, atLeast: false },
      { id: "websocket", title: "WebSockets", open: 100, atLeast: true },
    ];
    const text = textOf(renderHtml(exampleComparison({ browser: { browser: "Chromium 150", limits } })));
    expect(text).toContain("What Chromium 150 keeps open to one server");
    expect(text).toContain("Event streams over HTTP/1.1 6 WebSockets at least 100");
  });
});

describe("text from outside", () => {
  const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert(2)">'"&<!--`;

  it("stays text wherever it stands", () => {
    const { made, figures } = exampleComparison();
    const comparison = exampleComparison({
      made: {
        ...made,
        at: HOSTILE,
        machine: HOSTILE,
        between: HOSTILE,
        shape: HOSTILE,
        plan: HOSTILE,
        partial: HOSTILE,
      },
      sides: [
        { id: "ws", name: HOSTILE },
        { id: "sse", name: HOSTILE },
      ],
      findings: [{ id: "stalls", side: "ws", says: HOSTILE, value: 1 }],
      faults: [{ ...CUT, fault: HOSTILE, note: HOSTILE }],
      browser: { browser: HOSTILE, limits: [{ id: "x", title: HOSTILE, open: 1, atLeast: true }] },
    });
    const command = HOSTILE;
    const all: Comparison = {
      ...comparison,
      made: { ...comparison.made, command },
      figures: figures.map((figure) => ({ ...figure, id: HOSTILE, title: HOSTILE, about: HOSTILE })),
    };
    const page = renderHtml(all);
    expect(page).not.toMatch(/<img|<!--|<script>/);
    expect(page.match(/<\/script>/g)).toHaveLength(1);
    expect(page).not.toMatch(/[^&]quot;alert|onerror="/);
    expect(keptIn(page)).toEqual(all);
  });
});
