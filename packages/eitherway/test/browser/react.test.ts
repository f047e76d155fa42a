/** Hooks in real browsers: rendered by a server, taken over, in Strict Mode, and edited while the page is open. */
import type { Page } from "puppeteer-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { BROWSERS, useRealBrowser } from "./browsers.ts";
import { type Mode, openReactSite, type ReactSite } from "./react-site.ts";

declare global {
  var sent: readonly string[];
  var rendered: readonly Element[];
}

const MODES: readonly Mode[] = ["production", "development"];
const CHANNELS = ["@presence/room/42", "@stream/room/42/minutes", "prices/eu", "room/42"];
/** A quiet moment has no place between two of these. */
const EVERY_MS = 20;
const WAIT = { timeout: 30_000, interval: 50 };
const SLOW_MS = 120_000; // a browser on a busy machine
const ROOM = { id: "42" };

describe.each(BROWSERS)("%s", (name) => {
  const browser = useRealBrowser(name);

  async function open(mode: Mode): Promise<OpenPage> {
    const site = await openReactSite(mode);
    await site.ew.publish("prices", { book: "eu" }, "tick", { symbol: "A", price: 3 });
    await site.ew.stream("room", ROOM, "minutes").append("They came.");
    const stop = publishNumbers(site);
    const page = await browser.openPage("about:blank");
    onTestFinished(() => page.close());
    const said: string[] = [];
    page.on("console", (message) => {
      if (["error", "warn", "warning"].includes(message.type())) said.push(message.text());
    });
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto(site.origin);
    return { site, page, said, stop };
  }

  test.each(MODES)(
    `${name}, React for %s: what a server rendered is hydrated in Strict Mode without a word on the console, one subscription for each channel, nothing lost or doubled (P1, P2)`,
    async (mode) => {
      const { site, page, said, stop } = await open(mode);
      await vi.waitFor(async () => expect((await show(page))[0]?.numbers.length).toBeGreaterThan(10), WAIT);
      await expectWhole(page, await stop());
      await expectOneSubscription(site, page);
      expect(await page.evaluate(() => rendered.map((element) => element.isConnected))).toEqual([true, true]);
      expect(said).toEqual([]);
    },
    SLOW_MS,
  );

  test(
    `${name}: a component that is edited is replaced in the open page with its state, and one whose hooks change begins anew: still one subscription, nothing lost or doubled (P1, P2)`,
    async () => {
      const { site, page, said, stop } = await open("development");
      await vi.waitFor(async () => expect((await show(page))[0]?.numbers.length).toBeGreaterThan(0), WAIT);
      for (const click of ["1", "2"]) {
        await page.click("button");
        await becomes(page, { title: "Room", clicks: click });
      }
      site.edit("<h1>Room", "<h1>Hall");
      await becomes(page, { title: "Hall", clicks: "2" });
      site.edit("<h1>Hall", "<h1>Yard");
      site.edit("const [clicks", "useState();\n  const [clicks");
      await becomes(page, { title: "Yard", clicks: "0" });
      const before = (await show(page))[0]?.numbers.length ?? 0;
      await vi.waitFor(async () => expect((await show(page))[0]?.numbers.length).toBeGreaterThan(before), WAIT);
      await expectWhole(page, await stop());
      await expectOneSubscription(site, page);
      expect(said).toEqual([]);
    },
    SLOW_MS,
  );
});

interface OpenPage {
  readonly site: ReactSite;
  readonly page: Page;
  /** Warnings and errors on the console, and exceptions. */
  readonly said: readonly string[];
  /** Resolves with the last number that was published. */
  readonly stop: () => Promise<number>;
}

/** Counts up in the room from now on, so that whatever happens to the page happens between messages. */
function publishNumbers({ ew }: ReactSite): () => Promise<number> {
  let count = 0;
  let last: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    last = ew.publish("room", ROOM, "message", ++count);
  }, EVERY_MS);
  onTestFinished(() => clearInterval(timer));
  return async () => {
    clearInterval(timer);
    await last;
    return count;
  };
}

interface Shown {
  readonly title: string;
  readonly clicks: string;
  readonly state: unknown;
  readonly numbers: readonly number[];
}

/** Each of the two components. */
function show(page: Page): Promise<Shown[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("section")].map((section) => ({
      title: section.querySelector("h1")?.textContent ?? "",
      clicks: section.querySelector("button")?.textContent ?? "",
      state: JSON.parse(section.querySelector("p")?.textContent ?? "null"),
      numbers: [...section.querySelectorAll("li")].map((item) => Number(item.textContent)),
    })),
  );
}

/** The first of the two; only that one was clicked. */
async function becomes(page: Page, wanted: Partial<Shown>): Promise<void> {
  await vi.waitFor(async () => expect((await show(page))[0]).toMatchObject(wanted), WAIT);
}

async function expectWhole(page: Page, last: number): Promise<void> {
  const numbers = Array.from({ length: last }, (_, index) => index + 1);
  const state = { live: true, names: "Ana", prices: { A: { symbol: "A", price: 3 } }, text: "They came." };
  await vi.waitFor(async () => {
    for (const shown of await show(page)) expect(shown).toMatchObject({ state, numbers });
  }, WAIT);
}

async function expectOneSubscription({ ew }: ReactSite, page: Page): Promise<void> {
  const frames = (await page.evaluate(() => sent)).map((text) => JSON.parse(text) as SentFrame);
  const begun = frames.filter(({ t }) => t === "hello" || t === "subscribe");
  expect(begun.flatMap(({ channels = {} }) => Object.keys(channels)).sort()).toEqual(CHANNELS);
  expect(frames.filter(({ t }) => t === "unsubscribe")).toEqual([]);
  const { links, subscriptions } = ew.stats();
  expect([links, subscriptions.live]).toEqual([1, CHANNELS.length]);
}

interface SentFrame {
  readonly t: string;
  readonly channels?: Readonly<Record<string, string>>;
}
