import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Advice } from "../../src/cli/advise/advise.ts";
import { QUESTIONS } from "../../src/cli/advise/questions.ts";
import { FIGURES } from "../../src/cli/compare/figure-kinds.ts";
import { type Comparison, type FigureKind, FORM, judgeFigures } from "../../src/instrument/index.ts";
import { readText } from "../readme/support.ts";
import { runToEnd } from "./support.ts";

async function adviceOf(...argv: string[]): Promise<Advice> {
  const { code, out, err } = await runToEnd(["advise", "--json", ...argv]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Advice;
}

describe("the answer for people", () => {
  test("names way, numbers, confidence and what would change it, within 80 columns", async () => {
    const { code, out } = await runToEnd(["advise", "--use-case", "games", "--hosting", "nginx"]);
    expect(code).toBe(0);
    for (const part of [
      /^Advice: WebSocket, by Eitherway\.$/m,
      /A client sends 20\/s\./,
      /^ {2}- upstream: 20\/s \(assumed\)$/m,
      /^Confidence: low:$/m,
      /^ {2}- nothing was measured/m,
      /^Would change to:$/m,
      /^Know before:$/m,
      /framing: binary/,
      /^nginx \(tested\):$/m,
      /eitherway serve/,
    ]) {
      expect(out).toMatch(part);
    }
  });

  test.each(["self", "nginx", "aws-apigw", "gcp-lb", "apache"])(
    "fits 80 columns but for addresses: %s",
    async (hosting) => {
      for (const useCase of ["chat", "games", "news-feed", "progress"]) {
        const { out } = await runToEnd(["advise", "--use-case", useCase, "--hosting", hosting]);
        const text = out.slice(0, out.indexOf("server.ts:"));
        expect(text.split("\n").filter((line) => line.length > 80 && !line.includes("https://"))).toEqual([]);
      }
    },
  );

  test("says by which upstream another way would be advised", async () => {
    const { out } = await runToEnd(["advise", "--upstream", "0.5", "--tabs", "1"]);
    expect(out).toMatch(/^Advice: SSE/);
    expect(out).toMatch(/^ {2}- WebSocket if upstream goes above 1\/s$/m);
  });

  test("says when not to use Eitherway, and prints no settings of it then", async () => {
    const { out } = await runToEnd(["advise", "--use-case", "news-feed"]);
    expect(out).toMatch(/^Advice: a request now and then, without Eitherway\.$/m);
    expect(out).toContain("const EVERY_MS = 30_000;");
    expect(out).not.toMatch(/eitherway serve|from "eitherway/);
  });
});

describe("the answer for programs", () => {
  test("is JSON with everything in it", async () => {
    const advice = await adviceOf("--use-case", "chat", "--upstream", "2/min", "--payload", "4kb", "--staleness", "5m");
    expect(advice).toMatchObject({ form: "eitherway-advice/1", advises: "sse", rule: "stream" });
    expect(advice.answers).toMatchObject({ upstream: 0.0333, payload: 4_096, staleness: 300_000, downstream: 2 });
    expect(advice.assumed).toContain("downstream");
    expect(advice.assumed).not.toContain("upstream");
    expect(advice.flips).toContainEqual({
      question: "upstream",
      change: "above",
      at: 1,
      to: 1.0001,
      advises: "websocket",
    });
  });

  test("lists every question as assumed when none was answered", async () => {
    expect((await adviceOf()).assumed).toEqual(QUESTIONS.map(({ id }) => id));
  });

  test("asks nothing, also in a terminal", async () => {
    const { code, out } = await runToEnd(["advise", "--json"], { terminal: true });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ advises: "sse" });
  });
});

/** As `eitherway compare` has it. */
function kind(id: string): FigureKind {
  const found = Object.values(FIGURES).find((one) => one.id === id);
  if (!found) throw new Error(`compare measures no ${id}`);
  return found;
}

/** Enough for a verdict. */
const ROUNDS = Array.from({ length: 20 });

function comparison(findings: Comparison["findings"] = []): Comparison {
  const sides = [
    { id: "ws", name: "WebSocket" },
    { id: "sse", name: "SSE" },
  ];
  return {
    form: FORM,
    made: { at: "2026-11-28T10:00:00Z", machine: "test", between: "loopback", plan: "quick", rounds: 3, seconds: 1 },
    sides,
    figures: judgeFigures(sides, [
      [kind("round-trip.p50"), { rounds: { ws: ROUNDS.map(() => 30), sse: ROUNDS.map(() => 300) } }],
      [kind("round-trip.p95"), { rounds: { ws: ROUNDS.map(() => 41), sse: ROUNDS.map(() => 410) } }],
      [kind("delivery.p95"), { rounds: { ws: [20, 20, 20], sse: [21, 21, null] } }],
      [kind("upstream.rate"), { rounds: { ws: [900], sse: [0.05] } }],
    ]),
    findings,
    faults: [],
  };
}

describe("what was measured", () => {
  async function file(content: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "eitherway-advise-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "compared.json");
    await writeFile(path, content);
    return path;
  }

  test("decides, is named, and raises the confidence", async () => {
    const measured = await file(JSON.stringify(comparison()));
    const advice = await adviceOf("--measured", measured, "--latency", "200ms");
    expect(advice).toMatchObject({ advises: "websocket", rule: "measured-latency", confidence: { level: "high" } });
    expect(advice.because).toMatch(/Allowed are 200 ms there and back\. .* takes 410 ms, a WebSocket 41 ms\./);
    expect(advice.measured).toEqual({
      where: "loopback, 2026-11-28",
      says: [
        "WebSocket: publish and answer, p95 41 ms; server to client, p95 20 ms; publishes of one client 900/s.",
        "SSE: publish and answer, p95 410 ms; server to client, p95 21 ms; publishes of one client 0.05/s.",
        expect.stringMatching(/^publish and answer, p50: SSE has 10 times as much as WebSocket/),
      ],
    });
    expect(advice.flips).toContainEqual(expect.objectContaining({ question: "latency", change: "above", at: 409 }));
  });

  test("warns where a client cannot send as much as it is to", async () => {
    const measured = await file(JSON.stringify(comparison()));
    const { advises, cautions } = await adviceOf("--measured", measured, "--upstream", "0.1");
    expect(advises).toBe("sse");
    expect(cautions).toContainEqual(
      expect.stringMatching(/one client sends at most 3\/min there, less than the 0\.1\/s/),
    );
  });

  test("is shown to people as well, with what was found", async () => {
    const finding = { id: "stalls", side: "ws", says: "WebSocket stalls: p99 is 40 times p50.", value: 40 };
    const { out } = await runToEnd(["advise", "--measured", await file(JSON.stringify(comparison([finding])))]);
    expect(out).toMatch(/^Measured \(loopback, 2026-11-28\):\n {2}- WebSocket: publish and answer, p95 41 ms/m);
    expect(out).toMatch(/^ {2}- WebSocket stalls: p99 is 40 times p50\.$/m);
  });

  test("shows a stream that is held back, and another way is taken", async () => {
    const finding = { id: "buffering", side: "sse", says: "SSE was held back for 3 s.", value: 3_000 };
    const measured = await file(JSON.stringify(comparison([finding])));
    expect(await adviceOf("--measured", measured)).toMatchObject({ advises: "websocket", rule: "no-stream" });
  });

  test("closes a way that came to nothing, unless all of them did", async () => {
    const finding = { id: "failed", side: "ws", says: "WebSocket: 2 measurements came to nothing: 403", value: 2 };
    const whole = comparison([finding]);
    const figures = whole.figures.map(({ values: { sse }, ...figure }) => ({
      ...figure,
      values: { ...(sse && { sse }) },
    }));
    const flags = ["--upstream", "20", "--hosting", "self"];
    const refused = await adviceOf("--measured", await file(JSON.stringify({ ...whole, figures })), ...flags);
    expect(refused).toMatchObject({ advises: "sse", rule: "no-websocket" });
    expect(refused.because).toMatch(/^As measured: WebSocket: 2 measurements came to nothing: 403\. An event stream/);
    const away = await file(JSON.stringify({ ...whole, figures: [] }));
    expect(await adviceOf("--measured", away, ...flags)).toMatchObject({ advises: "websocket", rule: "upstream" });
  });

  test("takes the figures of HTTP/1.1 where those of HTTP/2 could not be had", async () => {
    const whole = comparison();
    const sides = [...whole.sides, { id: "sse-h2", name: "SSE (h2)" }];
    const measured = await file(JSON.stringify({ ...whole, sides }));
    const flags = ["--http2", "yes", "--latency", "200ms"];
    expect(await adviceOf("--measured", measured, ...flags)).toMatchObject({ rule: "measured-latency" });
  });

  test.each([
    ["nonsense", /no JSON; give what "eitherway compare --json" wrote/],
    ['{"form":"other/1"}', /is of form "other\/1", not eitherway-comparison\/1/],
    ["null", /is of form undefined/],
  ])("is refused where it is %s (P12)", async (content, sentence) => {
    const { code, err } = await runToEnd(["advise", "--measured", await file(content)]);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
  });
});

describe("a wrong command line gets one sentence and exit code 2 (P12)", () => {
  test.each<[string[], RegExp]>([
    [["now"], /advise takes flags only; leave "now" out/],
    [["--use-case", "radio"], /--use-case is "radio"; give one of chat, /],
    [["--hosting", "moon"], /--hosting is "moon"; give one of self, nginx, /],
    [["--upstream", "fast"], /--upstream is "fast"; give messages a second, or as in 2\/min.*from 0\/s to 1,000\/s/],
    [["--upstream", "1001"], /--upstream is "1001".*to 1,000\/s/],
    [["--upstream", "-1"], /--upstream is "-1"/],
    [["--payload", "1 stone"], /--payload is "1 stone"; give bytes, or as in 4kb, from 1 B to 16 MB/],
    [["--payload", "0"], /--payload is "0"/],
    [["--binary", "101"], /--binary is "101".*to 100 %/],
    [["--tabs", "2.5"], /--tabs is "2\.5"; give a whole number/],
    [["--latency", "soon"], /--latency is "soon"; give milliseconds, or as in 200ms/],
    [["--direction", "down", "--upstream", "1"], /clients send nothing; give --direction both/],
    [["--measured", "/no/such"], /--measured cannot be read: ENOENT/],
  ])("%j", async (argv, sentence) => {
    const { code, out, err } = await runToEnd(["advise", ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(sentence);
    expect(err).toMatch(/^[^\n]+\.\n$/);
  });
});

test("docs/advise.md shows what is really printed", async () => {
  const [, command, printed] =
    /```\neitherway (advise [^\n]+)\n```\n\n```text\n(.*?)```/s.exec(await readText("docs/advise.md")) ?? [];
  expect((await runToEnd(command?.split(" ") ?? [])).out).toBe(printed);
});

test("help has a flag for every question", async () => {
  const { out } = await runToEnd(["advise", "--help"]);
  for (const { id, text } of QUESTIONS) expect(out).toMatch(new RegExp(`--${id} [A-Z]+ +${text.slice(0, 10)}`));
});
