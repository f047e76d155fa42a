/** The client of React Native where fetch has no streams: XMLHttpRequest and WebSocket are those of a real browser. */
import type { Page } from "puppeteer-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useRealBrowser } from "./browsers.ts";
import { usePageServer } from "./page-server.ts";
import { NATIVE_CASES } from "./pages/native-cases.ts";

const pages = usePageServer();
const browser = useRealBrowser("Chromium");
let page: Page;

beforeAll(async () => {
  page = await browser.openPage(pages().address("native"));
});

describe("React Native's client without fetch streaming", () => {
  test.each(NATIVE_CASES.map(({ title }) => title))("%s", async (title) => {
    expect(await page.evaluate((which) => globalThis.runCase(which), title)).toBe("");
  });
});
