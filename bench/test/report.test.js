/** RESULTS.md says what the rounds say, and nothing that flatters. */
import { describe, expect, test } from "vitest";
import { GOALS } from "../lib/goals.js";
import { picturesOf } from "../lib/plots.js";
import { reasonsOf, reportText } from "../lib/report.js";
import { SCENARIOS } from "../scenarios.js";
import { cell, results, skippedCell } from "./made-up.js";

const LONE = "fan-out / 1 a turn / websocket";
const TEN = "fan-out / 10 a turn / websocket";
const MISSED = "fan-out-1-a-turn-websocket-socket.io"; // at most 0.45

/**
 * @param {readonly import("../lib/types.js").Cell[]} cells
 * @param {ReadonlyMap<string, string>} [reasons]
 */
function report(cells, reasons = new Map()) {
  const all = results(cells);
  return reportText(all, picturesOf(all), reasons);
}

/** Twice what the goal allows in the lone message, far within it in tens. */
const FAN_OUT = [
  cell(`${LONE} / eitherway`, [9, 9, 9]),
  cell(`${LONE} / socket.io`, [10, 10, 10]),
  cell(`${TEN} / eitherway`, [0.5, 0.5, 0.5]),
  cell(`${TEN} / socket.io`, [10, 10, 10]),
];

describe("in short", () => {
  const head = "| of | transport | a message alone in its turn | 10 in a turn | 100 in a turn |";

  test("bursts stand beside the lone message", () => {
    const text = report(FAN_OUT);
    expect(text).toContain(head);
    expect(text).toContain("| Socket.IO | WebSocket | 0.900x | 0.0500x |  |");
  });

  test("a burst is not told where the lone message is not measured", () => {
    expect(report(FAN_OUT.slice(2))).not.toContain(head);
    expect(report(FAN_OUT.slice(1))).not.toContain(head);
  });

  test("a ratio without a verdict stands in brackets", () => {
    const cells = [cell(`${LONE} / eitherway`, [9, 11, 9]), cell(`${LONE} / ws`, [10, 10, 10])];
    expect(report(cells)).toContain("| ws | WebSocket | (0.900x) |");
  });

  test("goals are counted by what came of them, without those that are only a stretch", () => {
    const judged = GOALS.filter(({ atMost, noiseOf }) => atMost !== undefined || noiseOf).length;
    expect(report(FAN_OUT)).toMatch(
      new RegExp(
        `Of ${judged} goals 3 are met, 1 not met, 0 without a verdict, 0 not shown, ${judged - 4} not measured`,
      ),
    );
  });
});

describe("goals", () => {
  test("stand in one table with goal, median, range and verdict", () => {
    const cells = [cell(`${LONE} / eitherway`, [10, 11, 12]), cell(`${LONE} / uws`, [10, 10, 10])];
    const line = report(cells)
      .split("\n")
      .find((text) => text.includes("CPU over that of uWebSockets.js") && text.includes("fan-out, 1 a"));
    expect(line).toMatch(
      /\| no verdict: the rounds .* goal \| 1\.10x \| 1\.00 to 1\.20 \| 3 \| 1\.1x \| 0\.95x \(not met\) \|$/,
    );
  });

  test("those that are not measured are there too, with the reason", () => {
    const text = report([cell(`${LONE} / eitherway`, [1, 1, 1]), skippedCell(`${LONE} / uws`, "no binary")]);
    expect(text).toContain("| not measured: uws: no binary |");
  });

  test("one that is not met is explained in the words of why-not.md", () => {
    const reasons = reasonsOf(
      `# Why\n\nIntroduction.\n\n## ${MISSED} fan-out-1-a-turn-websocket-c\n\nThe kernel.\n\n| a |\n`,
    );
    const [, why = ""] = report(FAN_OUT, reasons).split("### Why not");
    expect(why).toContain(`(\`${MISSED}\`)\n\nThe kernel.\n\n| a |`);
    expect(why).not.toContain("Introduction");
    expect(why.split("## Pictures")[0]).not.toContain("websocket-c`");
  });

  test("one that is not met and that nobody explained says so", () => {
    expect(report(FAN_OUT)).toContain(`(\`${MISSED}\`)\n\nNot explained yet`);
  });

  test("a reason for a goal that does not exist is refused", () => {
    expect(() => reasonsOf("## fan-out-9\n\nWords.")).toThrow("there is no goal fan-out-9");
  });

  test("a goal that is met is not explained away", () => {
    const reasons = new Map([["fan-out-10-a-turn-websocket-socket.io", "Words."]]);
    expect(report(FAN_OUT, reasons)).not.toContain("Words.");
  });
});

describe("the rest", () => {
  test("the machine, its date, and each peer with version and note are told", () => {
    const text = report([cell(`${LONE} / uws`, [1])]);
    expect(text).toContain("2026-03-04; A CPU, 2 CPUs, 8.00 GB; Linux 6.1; Node v20.19.0; server on CPU 0");
    expect(text).toMatch(/\| uWebSockets\.js \| `uws` \| 1\.2\.3 \| .*29 June 2023/);
  });

  test("a peer that did not run says why", () => {
    expect(report([skippedCell(`${LONE} / bun`, "npm did not bring it")])).toMatch(
      /`bun` \| not run: npm did not bring it \|/,
    );
  });

  test("every scenario and variant that has cells has its table", () => {
    const cells = SCENARIOS.flatMap(({ name, variants }) =>
      variants.map((variant) => cell(`${name} / ${variant.name} / websocket / eitherway`, [1, 2, 3])),
    );
    const [, tables = ""] = report(cells).split("## All cells");
    for (const { name, variants } of SCENARIOS) {
      const [, own = ""] = tables.split(`### ${name}\n`);
      for (const variant of variants) expect(own).toContain(`#### ${variant.name}\n`);
    }
    expect(tables.match(/\| Eitherway \|/g)).toHaveLength(cells.length);
  });

  test("a row has median, spread, CPU of user and system, ratio to ours, and latency where there is some", () => {
    const place = "steady / 100 a second / websocket";
    const times = { p50Ms: 1.5, p99Ms: 7, p999Ms: 9 };
    const [, tables = ""] = report([
      cell(`${place} / eitherway`, [
        { us: 4, ...times },
        { us: 4, ...times },
        { us: 5, ...times },
      ]),
      cell(`${place} / ws`, [8, 8, 10]),
    ]).split("### steady");
    expect(tables).toContain("| Eitherway | WebSocket | 4.00 | 25 % |  | 1.00 | 3.00 |");
    expect(tables).toContain("| 1.50 | 7.00 | 9.00 | 3/3 |");
    expect(tables).toContain("| ws | WebSocket | 8.00 | 25 % | 2.00x |");
  });

  test("idle links have memory and no cost of a delivery", () => {
    const [, tables = ""] = report([
      cell("idle / 15,000 links / sse / eitherway", [{ rssPerLink: 9_876, heapPerLink: 5_432, cpuS: 1, wallS: 50 }]),
    ]).split("### idle");
    expect(tables).toContain("| peer | transport | bytes/link | spread | % of a CPU | heap, bytes/link | rounds |");
    expect(tables).toContain("| Eitherway | SSE | 9,876 | 0 % | 2.00 | 5,432 | 1/1 |");
  });

  test("what is kept has memory of node and store, and no cost of a delivery", () => {
    const kept = {
      nodePerChannel: 250,
      nodePerMessage: 11.5,
      nodePerWatch: 1_027,
      storePerChannel: 733,
      storePerMessage: 170,
    };
    const [, tables = ""] = report([cell("kept / 1,000 channels / websocket / eitherway-redis", [kept])]).split(
      "### kept",
    );
    expect(tables).toContain(
      "| node, bytes/channel | spread | node, bytes/message | node, bytes/watched channel | store, bytes/channel |",
    );
    expect(tables).toContain("| WebSocket | 250 | 0 % | 11.5 | 1,027 | 733 | 170 | 1/1 |");
  });

  test("brokers are compared by the time that passes, whatever CPU it takes", () => {
    const place = "brokers / 64 channels / websocket";
    const [, tables = ""] = report([
      cell(`${place} / eitherway`, [{ us: 9, wallS: 10 }]),
      cell(`${place} / eitherway-file-always`, [{ us: 9, wallS: 40 }]),
    ]).split("### brokers");
    expect(tables).toContain("| Eitherway, file, fsync always | WebSocket | 40.0 | 0 % | (4.00x) |");
  });

  test("void rounds are told", () => {
    expect(report([cell(`${LONE} / ws`, [{ void: "message 3 came after 1" }])])).toContain(
      "void: message 3 came after 1",
    );
  });

  test("pictures are shown with words that have their numbers", () => {
    const bar = (/** @type {string} */ peer, /** @type {number} */ us) =>
      cell(`relay / 1 in flight / websocket / ${peer}`, [us]);
    expect(report([bar("eitherway", 11), bar("ws", 33)])).toMatch(
      /!\[.*1 in flight of each client, µs: Eitherway 11\.0, ws 33\.0\.\]\(plots\/relay\.svg\)/,
    );
  });
});
