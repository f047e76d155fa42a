/** The client of browsers in real ones: the cases that it passes under Node, over every transport and framing. */
import type { Page } from "puppeteer-core";
import { beforeAll, describe, expect, test } from "vitest";
import { BROWSERS, useRealBrowser } from "./browsers.ts";
import { usePageServer } from "./page-server.ts";
import { BROWSER_CASES } from "./pages/cases.ts";

const pages = usePageServer();

describe.each(BROWSERS)("%s", (name) => {
  const browser = useRealBrowser(name);
  let page: Page;
  beforeAll(async () => {
    page = await browser.openPage(pages().address("suite"));
  });

  test.each(BROWSER_CASES.map(({ title }) => title))("%s", async (title) => {
    expect(await page.evaluate((which) => globalThis.runCase(which), title)).toBe("");
  });
});
