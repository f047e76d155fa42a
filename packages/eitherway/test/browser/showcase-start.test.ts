/** The pages of the showcase that have no channel to play: the first one, and the one that measures, before it does. */
import { expect, test } from "vitest";
import { accessibilityFaults, SCREENS, sidewaysScroll } from "./page-quality.ts";
import { openPage, startShowcase, useBrowser } from "./support.ts";

const SLOW_MS = 120_000; // on a busy machine

const openContext = useBrowser();

test("the first page leads to every other one, and nothing is beside the screen, a fault for aids, or on the console", {
  timeout: SLOW_MS,
}, async () => {
  const { origin } = await startShowcase();
  for (const [name, screen] of SCREENS) {
    const context = await openContext(screen);
    for (const path of ["/", "/which"]) {
      const { page, complaints } = await openPage(context, origin + path);
      await page.locator("h1").waitFor();
      expect([name, path, await sidewaysScroll(page), await accessibilityFaults(page), complaints]).toEqual([
        ...[name, path],
        ...[[], [], []],
      ]);
    }
  }
  const { page } = await openPage(await openContext(), origin);
  const ways = await page
    .locator(".cards a")
    .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
  expect(ways).toHaveLength(6);
  for (const way of ways) expect([way, (await fetch(way)).status]).toEqual([way, 200]);
});
