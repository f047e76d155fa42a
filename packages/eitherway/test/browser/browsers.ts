/** Browsers that tests drive by their own protocols: both put pages away and take them out again as they do for people. */
import { type Browser, launch, type Page } from "puppeteer-core";
import { afterAll, beforeAll } from "vitest";
import { CHROMIUM, FLAGS } from "./support.ts";

export const BROWSERS = ["Chromium", "Firefox"] as const;

export type BrowserName = (typeof BROWSERS)[number];

/** What the driver switches off, and people have: pages that are kept, and hidden tabs whose timers are slowed down. */
const UNLIKE_USERS = [
  "--disable-back-forward-cache",
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

const FIREFOX = "/usr/bin/firefox-esr";

/** Its first start makes a profile, on a busy machine. */
const START_MS = 50_000;

/** Keeps one browser for the tests of a file. Pages are left open; they end with it. */
export function useRealBrowser(name: BrowserName): { openPage(address: string): Promise<Page> } {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(
      name === "Firefox"
        ? { browser: "firefox", executablePath: FIREFOX, timeout: START_MS }
        : {
            executablePath: CHROMIUM,
            args: FLAGS,
            ignoreDefaultArgs: UNLIKE_USERS,
            timeout: START_MS,
          },
    );
  });
  afterAll(() => browser.close());
  return {
    async openPage(address) {
      const page = await browser.newPage();
      await page.goto(address);
      return page;
    },
  };
}
