/** The page "Which transport?", over the real server and through a real nginx that does what proxies do to event streams. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { type Comparison, FORM } from "../../src/instrument/index.ts";
import { startNginx } from "../faults/nginx.ts";
import { openPage, startShowcase, useBrowser } from "./support.ts";

const NARROW = { width: 360, height: 740 };
const ROUNDS = 15;
const RUN_MS = 120_000; // a run takes about 15 s, and longer on a busy machine

const openContext = useBrowser();

describe("the page that measures", { timeout: RUN_MS }, () => {
  test("finishes a run by keyboard alone: advice, figures of each transport, nothing lost over a cut (P2, P3), and JSON of the common form", async () => {
    const { origin } = await startShowcase();
    const context = await openContext({ viewport: NARROW, reducedMotion: "reduce" });
    const { page, complaints } = await openPage(context, `${origin}/which`);

    await press(page, "#start");
    await page.locator("#stop:focus").waitFor(); // the focus is not lost with the button that had it
    await page.locator("#plots circle").first().waitFor(); // while it runs
    await finished(page);

    expect(await textOf(page, "#advice")).toMatch(/^On this network (WebSocket|SSE) .*Take WebSocket/);
    expect(await page.locator("#partial").isVisible()).toBe(false);
    expect(await headings(page, "#figures")).toEqual(["Figure", "WebSocket", "SSE", "Long-poll"]);
    for (const row of await page.locator("#figures tbody tr").all()) {
      const cells = await row.locator("td").allTextContents();
      expect(cells, (await row.locator(".title").textContent()) ?? "").toHaveLength(3);
      for (const cell of cells) expect(cell).toMatch(/^(\d.*(ms|s|\/s)|nothing|by stalls)/);
    }
    expect(await rowsOf(page, "#cuts")).toEqual(
      ["WebSocket", "SSE", "Long-poll"].map((name) => [
        name,
        "60",
        "0",
        "0",
        "0",
        expect.stringMatching(/^[\d.]+ m?s$/),
      ]),
    );
    expect(await textOf(page, "#cut-says")).toMatch(/^Nothing was lost or doubled/);
    expect(await textOf(page, "#http")).toMatch(/HTTP\/1\.1.* six connections/);
    expect(await overflow(page)).toEqual([]);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);

    const comparison = await exported(page);
    expect(comparison).toMatchObject({ form: FORM, made: { plan: "page", rounds: ROUNDS } });
    expect(comparison.made.partial).toBeUndefined();
    expect(comparison.sides.map(({ id }) => id)).toEqual(["ws", "sse", "poll"]);
    expect(comparison.findings.filter(({ id }) => id !== "stalls")).toEqual([]); // a busy machine may stall
    for (const { id, judged, values } of comparison.figures) {
      expect(Object.keys(values), id).toEqual(["ws", "sse", "poll"]);
      if (judged) expect([values.ws?.rounds.length, values.sse?.verdict?.rounds], id).toEqual([ROUNDS, ROUNDS]);
    }
    expect(complaints).toEqual([]);
  });

  test("says that SSE is held back by a proxy that collects event streams, also where only a few rounds were played", async () => {
    const { port } = await startShowcase();
    const { page } = await openPage(
      await openContext(),
      `${await startNginx({ target: port, ignoresAccelBuffering: true })}/which`,
    );
    await press(page, "#start");
    await page.getByText(/^Round [3-9] of/).waitFor();
    await press(page, "#stop");
    await finished(page);
    expect(await textOf(page, "#advice")).toMatch(/^On this network SSE is held back. Take WebSocket here/);
    expect(await textOf(page, "#reasons")).toMatch(/SSE: something on the way holds the end of a burst back/);
    const held = (await rowsOf(page, "#figures")).at(-1) ?? [];
    const column = (await headings(page, "#figures")).indexOf("SSE");
    expect(held[column]).toMatch(/^up to [\d.]+ m?s$/);
    const { findings } = await exported(page);
    expect(findings.map(({ id, side }) => `${side}: ${id}`)).toEqual(["sse: buffering"]);
  });

  test("goes on where a proxy refuses WebSockets as well, and keeps what was measured until a stop, marked", async () => {
    const { port } = await startShowcase();
    const { page } = await openPage(
      await openContext(),
      `${await startNginx({ target: port, old: true, ignoresAccelBuffering: true })}/which`,
    );
    await press(page, "#start");
    await page.locator("#plots circle").first().waitFor();
    await press(page, "#stop");
    await finished(page);
    expect(await textOf(page, "#partial")).toMatch(/^Partial: stopped by hand after \d+ rounds?\.$/);
    const reasons = await textOf(page, "#reasons");
    expect(reasons).toMatch(/WebSocket does not get through: .* Upgrade/);
    expect(reasons).toMatch(/SSE is held back: .* proxy_buffering off/);
    const { made, sides, faults } = await exported(page);
    expect(made.partial).toBe("stopped by hand");
    expect(made.rounds).toBeLessThan(ROUNDS);
    expect(sides.at(-1)?.id).not.toBe("poll");
    expect(faults).toEqual([]);
  });

  test("says in plain words that the server is gone", async () => {
    const { origin, stop } = await startShowcase();
    const { page } = await openPage(await openContext(), `${origin}/which`);
    await stop("SIGTERM");
    await press(page, "#start");
    await finished(page);
    expect(await textOf(page, "#advice")).toMatch(
      /^Nothing could be measured: the server takes no messages. Look whether/,
    );
    expect(await page.locator("#results").isVisible()).toBe(false);
  });

  test("ends soon when the server goes in the middle of a run, keeps what was measured and says why", async () => {
    const { origin, stop } = await startShowcase();
    const { page } = await openPage(await openContext(), `${origin}/which`);
    await press(page, "#start");
    await page.getByText(/^Round [1-9] of/).waitFor();
    await stop("SIGKILL");
    await finished(page);
    expect(await textOf(page, "#partial")).toMatch(/^Partial: ended, because nothing got through any more after/);
    const { made, figures } = await exported(page);
    expect(made.rounds).toBeLessThan(ROUNDS);
    expect(figures.length).toBeGreaterThan(0);
  });

  test("is reached from the first page, and leads to the others", async () => {
    const { origin } = await startShowcase();
    const { page, complaints } = await openPage(await openContext(), `${origin}/`);
    const pages = page.getByRole("navigation", { name: "Pages" });
    await pages.getByRole("link", { name: "Which transport?" }).click();
    await page.getByRole("heading", { name: "Which transport?" }).waitFor();
    await pages.getByRole("link", { name: "Chat" }).click();
    await page.getByLabel("Message", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });
});

/** By keyboard: what cannot be reached by Tab is not there for some people. */
async function press(page: Page, selector: string): Promise<void> {
  const isThere = () => page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);
  for (let steps = 0; !(await isThere()); steps++) {
    expect(steps, `on the way to ${selector}`).toBeLessThan(10);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
}

async function finished(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Measure again" }).waitFor({ timeout: RUN_MS });
}

async function exported(page: Page): Promise<Comparison> {
  const [download] = await Promise.all([page.waitForEvent("download"), press(page, "#export")]);
  return JSON.parse(await readFile(await download.path(), "utf8"));
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

function headings(page: Page, table: string): Promise<string[]> {
  return page.locator(`${table} thead th`).allTextContents();
}

function rowsOf(page: Page, table: string): Promise<string[][]> {
  return page
    .locator(`${table} tbody tr`)
    .evaluateAll((rows) => rows.map((row) => [...row.children].map(({ textContent }) => textContent ?? "")));
}

/** What sticks out to the right of the window. */
function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const beyond = [...document.querySelectorAll("main *")].filter(
      (one) => one.getBoundingClientRect().right > clientWidth && !one.closest("svg"),
    );
    return [...beyond.map(({ tagName, id }) => `${tagName}#${id}`), ...(scrollWidth > clientWidth ? ["the page"] : [])];
  });
}
