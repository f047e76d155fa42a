/** `eitherway compare`: its command line, what it prints, and what a stop keeps. What it measures is in the tests beside this one. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Comparison } from "../../src/instrument/index.ts";
import { runToEnd, startCli, startServer } from "./support.ts";

/** What is waited for before the stop: two digits, and enough for a verdict. */
const TEN_ROUNDS = /round [1-9]\d+,/;

describe("a wrong command line", () => {
  test.each([
    [["fast"], /^compare takes flags only; leave "fast" out\.\n$/],
    [["--quick", "--full"], /--quick or --full, not both/],
    [["--only", "ws"], /--only is "ws"; give two or more of ws, sse, sse-h2, poll, also one twice/],
    [["--only", "ws,smoke"], /--only names "smoke"; known: ws, sse, sse-h2, poll/],
    [["--url", "example.org"], /--url is "example\.org"; give for example https/],
    [["--url", "http://127.0.0.1:1/eitherway", "--rtt", "80"], /--rtt.* are for the server on this machine/],
    [["--url", "http://127.0.0.1:1/eitherway", "--tls"], /--tls are for the server on this machine/],
    [["--rtt", "0"], /--rtt is "0"; give milliseconds, above 0 and up to 2000/],
    [["--rtt", "2001"], /--rtt is "2001"/],
    [["--jitter", "5ms"], /--jitter is "5ms"/],
    [["--bandwidth", "10"], /--bandwidth is "10"; give for example 10mbit, and at least 64kbit/],
    [["--bandwidth", "63kbit"], /--bandwidth is "63kbit"/],
    [["--stall", "200ms"], /--stall is "200ms"; give how long and how often, as in 200ms\/2s/],
    [["--stall", "2s/2s"], /--stall is "2s\/2s"/],
    [["--payload", "60001"], /--payload is "60001"; give a whole number from 60 to 60000/],
    [["--payload", "59"], /--payload is "59"/],
    [["--rate", "0"], /--rate is "0"; give a whole number from 1 to 2000/],
    [["--html", "/no/such/folder/report.html"], /--html cannot be written: .*no such file.*\.$/m],
    [["--kind", "xml"], /--kind is "xml"; give json, text, bytes/],
  ])("is refused: %j", async (flags, sentence) => {
    const { code, out, err } = await runToEnd(["compare", ...flags]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(sentence);
  });
});

test("a wrong command line leaves an earlier report as it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "eitherway-compare-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "report.html");
  await writeFile(file, "earlier");
  expect((await runToEnd(["compare", "--html", file, "--url", "example.org"])).code).toBe(2);
  expect(await readFile(file, "utf8")).toBe("earlier");
});

/** Stops as Ctrl-C does. */
async function stopAfterTenRounds(...flags: string[]) {
  const running = startCli(["compare", ...flags], { terminal: true });
  await running.says(TEN_ROUNDS);
  expect(await running.stop()).toBe(0);
  await new Promise((resolve) => setImmediate(resolve)); // what was written last arrives
  return { out: running.out(), err: running.err() };
}

describe("a comparison that is stopped", () => {
  test("keeps what it has measured, in a table of 80 columns that says so first", async () => {
    const folder = await mkdtemp(join(tmpdir(), "eitherway-compare-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "report.html");
    const { out, err } = await stopAfterTenRounds("--only", "ws,sse", "--html", file);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^PARTIAL: stopped before its plan was done$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    for (const text of [/^ +WebSocket +SSE$/m, /^Direction$/m, /^Protocol$/m, /server to client, p50 +[\d.]+ ms/]) {
      expect(out).toMatch(text);
    }
    expect(await readFile(file, "utf8")).toMatch(/^<!doctype html>.*stopped before its plan was done.*<\/html>\s*$/is);
    expect(err.endsWith("\r\u001b[K")).toBe(true); // the line of progress is taken back
  });

  test("is marked in JSON, which has every number of every round", async () => {
    const { out } = await stopAfterTenRounds("--json", "--only", "ws,ws", "--rtt", "5", "--kind", "bytes");
    const comparison = JSON.parse(out) as Comparison;
    expect(comparison).toMatchObject({
      form: "eitherway-comparison/1",
      made: { plan: "default", partial: "stopped before its plan was done", shape: "with 5 ms round trip" },
      sides: [
        { id: "ws", name: "WebSocket" },
        { id: "ws#2", name: "WebSocket #2" },
      ],
      faults: [],
    });
    expect(comparison.made.rounds).toBeGreaterThanOrEqual(10);
    const ids = comparison.figures.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["delivery.p50", "upstream.p50", "round-trip.p50", "open", "cpu.up"]));
    for (const { values } of comparison.figures.filter(({ judged }) => judged)) {
      for (const side of ["ws", "ws#2"]) {
        const { length } = values[side]?.rounds ?? [];
        expect(length - comparison.made.rounds).toBeGreaterThanOrEqual(0);
        expect(length - comparison.made.rounds).toBeLessThanOrEqual(1); // the round in which it was stopped
      }
    }
  });
});

describe("a server elsewhere", () => {
  test("is measured from outside: no figure of its inside", async () => {
    const { url } = await startServer();
    const { out } = await stopAfterTenRounds("--json", "--url", url, "--only", "ws,poll");
    const comparison = JSON.parse(out) as Comparison;
    expect(comparison.made.between).toBe(url);
    expect(comparison.figures.map(({ id }) => id)).toEqual([
      "delivery.p50",
      "delivery.p95",
      "round-trip.p50",
      "round-trip.p95",
      "upstream.rate",
      "open",
    ]);
  });

  test("that is not there fails with the reason", async () => {
    const { ew, url } = await startServer();
    await ew.close();
    const { code, out } = await runToEnd(["compare", "--quick", "--url", url]);
    expect(code).toBe(1);
    expect(out).toMatch(/WebSocket: 2 measurements came to nothing: .*ECONNREFUSED/);
  });
});
