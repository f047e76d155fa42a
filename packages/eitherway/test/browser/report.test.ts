/** The report of `eitherway compare`, opened from a file as whoever got it by mail does. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { renderHtml } from "../../src/cli/compare/html-report.ts";
import type { Comparison } from "../../src/instrument/index.ts";
import { exampleComparison, POLL, SSE, USUAL_FACTORS, WS } from "../instrument/support.ts";
import { useBrowser } from "./support.ts";

const newContext = useBrowser();

const SMALLEST = { width: 360, height: 740 };
const UNBREAKABLE = "W".repeat(120);

/** With every part that a report can have. */
const FULL = exampleComparison({
  sides: [WS, SSE, { id: "sse-h2", name: "SSE over HTTP/2" }, POLL],
  factors: USUAL_FACTORS,
  findings: [{ id: "stalls", side: "ws", says: "WebSocket: messages stall in 5 of 40 rounds.", value: 40 }],
  faults: [
    { fault: "server-kill", side: "ws", detectedMs: 3, recoveredMs: 900, sent: 200, lost: 12, doubled: 0, gaps: 1 },
    { fault: "cut", side: "poll", sent: 200, lost: 0, doubled: 0, gaps: 0, note: "It had no connection just then." },
  ],
  browser: { browser: "Chromium", limits: [{ id: "websocket", title: "WebSockets", open: 100, atLeast: true }] },
});

interface Opened {
  readonly page: Page;
  /** What the console said, and what was asked for beside the file. */
  readonly complaints: readonly string[];
}

async function open(comparison: Comparison, options: BrowserContextOptions): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), "eitherway-report-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "report.html");
  await writeFile(file, renderHtml(comparison));
  const page = await (await newContext(options)).newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const address = pathToFileURL(file).href;
  page.on("request", (request) => {
    if (request.url() !== address) complaints.push(`request for ${request.url()}`);
  });
  await page.goto(address, { waitUntil: "load" });
  return { page, complaints };
}

/** By how many pixels the page is wider than its window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

test("loads nothing, complains about nothing and needs no script", async () => {
  const { page, complaints } = await open(FULL, { javaScriptEnabled: false });
  await page.getByRole("heading", { name: "What came out" }).waitFor();
  expect(await page.locator("body").evaluate((body) => getComputedStyle(body).marginTop)).toBe("0px"); // its style is allowed
  expect(complaints).toEqual([]);
});

test.each([
  ["a phone", SMALLEST],
  ["a tablet", { width: 740, height: 1_000 }],
  ["a desktop", { width: 1_280, height: 800 }],
])("is no wider than %s, whatever names it has", async (_, viewport) => {
  const wide = {
    ...FULL,
    sides: FULL.sides.map((side, place) => (place === 1 ? { ...side, name: UNBREAKABLE } : side)),
  };
  for (const comparison of [FULL, { ...wide, made: { ...wide.made, between: UNBREAKABLE, command: UNBREAKABLE } }]) {
    const { page } = await open(comparison, { viewport });
    expect(await overflow(page)).toBe(0);
  }
});

test("is a table to assistive technology on a phone too, and its plots have names and words", async () => {
  const { page } = await open(FULL, { viewport: SMALLEST });
  const table = page.getByRole("table", { name: /^Direction: median/ });
  const row = table.getByRole("row", { name: /client to server, p50/ });
  expect(await row.getByRole("cell").count()).toBe(FULL.sides.length);
  const plot = page.getByRole("img", { name: "server to client, p50: rounds" });
  expect(await plot.locator("desc").textContent()).toContain("Medians: WebSocket ");
});

test.each(["light", "dark"] as const)(
  "has letters that stand out from what is behind them (%s)",
  async (colorScheme) => {
    const { page } = await open(FULL, { colorScheme });
    const least = await page.locator("p, dt, dd, th, td, span, li, a, caption, figcaption").evaluateAll((elements) => {
      const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
      const luminance = (color: string) =>
        channels(color)
          .slice(0, 3)
          .map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4))
          .reduce((sum, value, index) => sum + value * ([0.2126, 0.7152, 0.0722][index] ?? 0), 0);
      const behind = (element: Element | null): string => {
        if (!element) return "rgb(255, 255, 255)";
        const color = getComputedStyle(element).backgroundColor;
        return channels(color)[3] === 0 ? behind(element.parentElement) : color;
      };
      return Math.min(
        ...elements.map((element) => {
          const [dark = 0, light = 0] = [getComputedStyle(element).color, behind(element)]
            .map(luminance)
            .sort((one, other) => one - other);
          return (light + 0.05) / (dark + 0.05);
        }),
      );
    });
    expect(least).toBeGreaterThanOrEqual(4.5); // WCAG 2.2, 1.4.3
  },
);

test("gives its numbers as a file", async () => {
  const { page, complaints } = await open(FULL, {});
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download the numbers as JSON" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("comparison.json");
  expect(JSON.parse(await readFile(await download.path(), "utf8"))).toEqual(FULL);
  expect(complaints.filter((complaint) => !complaint.startsWith("request for data:"))).toEqual([]);
});
