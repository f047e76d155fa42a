/** The client in a worker of a browser, which has no document and no storage. */
import type { Page } from "puppeteer-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useRealBrowser } from "./browsers.ts";
import { usePageServer } from "./page-server.ts";
import { BROWSER_CASES } from "./pages/cases.ts";

declare global {
  var worker: Worker;
}

/** Cases that would tell nothing new here are left to the page. */
const TELLING = /hears itself|after each cut|payloads of every kind|leaves nothing behind|a switch keeps/;

const pages = usePageServer();
const browser = useRealBrowser("Chromium");
let page: Page;

beforeAll(async () => {
  page = await browser.openPage(pages().address("elsewhere"));
  await page.evaluate(() => {
    globalThis.worker = new Worker(`/worker.js${location.search}`, { type: "module" });
  });
});

describe("a web worker", () => {
  test.each(BROWSER_CASES.map(({ title }) => title).filter((title) => TELLING.test(title)))("%s", async (title) => {
    const failure = await page.evaluate(
      (which) =>
        new Promise((resolve, reject) => {
          globalThis.worker.onmessage = ({ data }) => resolve(data);
          globalThis.worker.onerror = ({ message }) => reject(new Error(message));
          globalThis.worker.postMessage(which);
        }),
      title,
    );
    expect(failure).toBe("");
  });
});
