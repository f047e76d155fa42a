/** The dashboard behind another tab of the same window, as a person leaves it. */
import type { Page } from "puppeteer-core";
import { expect, test, vi } from "vitest";
import { useRealBrowser } from "./browsers.ts";
import { type Showcase, startShowcase, useBuiltPages } from "./support.ts";

const SLOW_MS = 90_000; // a browser on a busy machine
const WAIT = { timeout: 40_000, interval: 100 };

useBuiltPages();
const browser = useRealBrowser("Chromium");

test(
  "a dashboard behind another tab ends its connection; in front again it has every sample that was taken meanwhile (P2, P3)",
  async () => {
    const showcase = await startShowcase();
    const page = await browser.openPage(`${showcase.origin}/dashboard`);
    await page.waitForSelector("[data-samples]");
    // Widgets stand in the order in which samples have their values.
    const names = await page.$$eval("[data-name]", (all) => all.map((widget) => widget.getAttribute("data-name")));
    const links = async () => (await newest(showcase)).values[names.indexOf("links.websocket")];
    await vi.waitFor(async () => expect(await links()).toBe(1), WAIT);

    await browser.openPage("about:blank"); // opens in front
    expect(await page.evaluate(() => document.visibilityState)).toBe("hidden");
    await vi.waitFor(async () => expect(await links()).toBe(0), WAIT);
    const left = await newest(showcase);
    await vi.waitFor(async () => expect((await newest(showcase)).n).toBeGreaterThan(left.n + 3), WAIT);

    await page.bringToFront();
    expect(await page.evaluate(() => document.visibilityState)).toBe("visible");
    await vi.waitFor(async () => expect(await links()).toBe(1), WAIT);
    const { run, n } = await newest(showcase);
    await vi.waitFor(async () => expect(await shown(page)).toContain(`${run}-${n}`), WAIT);
    const samples = await shown(page);
    expect(samples).toEqual(samples.map((_, i) => `${run}-${i + 1}`));
  },
  SLOW_MS,
);

interface Sample {
  readonly run: string;
  readonly n: number;
  readonly values: readonly (number | null)[];
}

async function newest({ origin }: Showcase): Promise<Sample> {
  const answer = await fetch(`${origin}/dashboard/eitherway/channels/samples?limit=1`);
  const [message] = ((await answer.json()) as { readonly messages: readonly { readonly data: Sample }[] }).messages;
  return message?.data ?? { run: "", n: 0, values: [] };
}

/** Of the page's table of samples, oldest first. */
async function shown(page: Page): Promise<readonly string[]> {
  await page.click(".samples summary");
  await page.waitForSelector("[data-sample]");
  const rows = await page.$$eval("[data-sample]", (all) => all.map((row) => row.getAttribute("data-sample") ?? ""));
  await page.click(".samples summary");
  await page.waitForSelector(".table", { hidden: true });
  return rows.reverse();
}
