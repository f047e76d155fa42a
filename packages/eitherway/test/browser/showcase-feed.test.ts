/** The showcase's news feed in a browser: closed overnight, live in batches, read without the page, and after its log is gone. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { type FeedSource, startFeedSource } from "./feed-source.ts";
import { accessibilityFaults, SCREENS, sidewaysScroll, watchLayoutShifts } from "./page-quality.ts";
import { openPage, type Showcase, startShowcase, useBrowser } from "./support.ts";

const EVENING = new Date("2026-03-02T22:30:00");
const MORNING = new Date("2026-03-03T07:45:00");
/** Two more than a browser opens connections to a server, by HTTP/1.1. */
const TABS = 8;
const POLL_SECONDS = "0.1";
const WAIT = { timeout: 30_000, interval: 50 };
const SLOW_MS = 180_000; // a browser on a busy machine

const openContext = useBrowser();

describe("the news feed", { timeout: SLOW_MS }, () => {
  test("closed in the evening and opened in the morning it shows exactly what was missed, each once, and the line above what was seen (P2, P3)", async () => {
    const { source, showcase } = await start();
    source.write(entries(1, 3));
    await stored(showcase, 3);
    const context = await openContext({ timezoneId: "UTC" });
    await context.clock.install({ time: EVENING });
    const evening = await openFeed(context, showcase);
    await evening.shows(["3", "2", "1"]);
    await evening.page.close();

    const polls = source.answers[304];
    source.write(entries(4, 15));
    await stored(showcase, 15);
    await vi.waitFor(() => expect(source.answers[304]).toBeGreaterThan(polls + 2), WAIT); // asked again, and nothing was news
    expect(source.answers[200]).toBeLessThanOrEqual(3); // empty, with 3, with 15

    await context.clock.setSystemTime(MORNING);
    const morning = await openFeed(context, showcase);
    await morning.says("You were away since Mon 22:30: 12 items.");
    await morning.shows(numbers(15, 1));
    expect(await morning.page.locator(".missed h2").allTextContents()).toEqual(numbers(15, 4));
    expect(await morning.page.locator(".last-missed h2").textContent()).toBe("4");
    await morning.page.reload();
    await morning.says("You have seen everything since Tue 07:45.");
    expect(await morning.page.locator(".missed").count()).toBe(0);
    expect([...evening.complaints, ...morning.complaints]).toEqual([]);
  });

  test("what comes waits behind one button and moves nothing; a corrected entry replaces the old one, on two clients alike (P1)", async () => {
    const { source, showcase } = await start();
    source.write(entries(1, 20));
    await stored(showcase, 20);
    const context = await openContext({ viewport: { width: 375, height: 812 } });
    const one = await openFeed(context, showcase);
    const two = await openFeed(context, showcase, "?beside");
    for (const client of [one, two]) await client.shows(numbers(20, 1));

    const shifts = await watchLayoutShifts(one.page);
    source.write(entries(21, 22));
    source.write({ 7: "7, corrected", 23: "23" });
    for (const client of [one, two]) {
      await client.page.getByRole("button", { name: "4 new items" }).waitFor();
      await client.shows(numbers(20, 1)); // still
    }
    expect(await shifts()).toEqual([]);

    const after = ["23", "7, corrected", "22", "21", ...numbers(20, 1).filter((number) => number !== "7")];
    for (const client of [one, two]) {
      await client.page.getByRole("button", { name: "4 new items" }).click();
      await client.page.getByRole("button", { name: "Nothing new" }).waitFor();
      expect(new Set(await client.titles())).toEqual(new Set(after));
      const corrected = client.page.locator("article", { hasText: "7, corrected" });
      expect(await corrected.locator(".mark").textContent()).toBe("Updated");
    }
    expect(await two.titles()).toEqual(await one.titles());
    expect([...one.complaints, ...two.complaints]).toEqual([]);
  });

  test("waits over a cut and a change of transport; what waits is not seen, so the next visit has missed it (P2, P3)", async () => {
    const { source, showcase } = await start();
    source.write(entries(1, 2));
    await stored(showcase, 2);
    const context = await openContext();
    const first = await openFeed(context, showcase);
    await first.shows(["2", "1"]);
    await first.page.getByText("Open over one SSE for all tabs").waitFor();
    await first.page.getByRole("button", { name: "Cut" }).click();
    source.write(entries(3, 4));
    await first.page.getByText("WebSocket", { exact: true }).first().click();
    await first.page.getByText("Open over WebSocket").waitFor();
    source.write(entries(5, 6));
    await first.page.getByRole("button", { name: "4 new items" }).waitFor();
    await first.page.close();

    const second = await openFeed(context, showcase);
    await second.shows(numbers(6, 1));
    expect(await second.page.locator(".missed h2").allTextContents()).toEqual(numbers(6, 3));
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });

  test(`${TABS} tabs of a browser open, have one connection, and each of them what comes (P1)`, async () => {
    const { source, showcase } = await start();
    source.write(entries(1, 2));
    await stored(showcase, 2);
    const context = await openContext();
    const tabs: OpenFeed[] = [];
    for (let n = 0; n < TABS; n++) tabs.push(await openFeed(context, showcase));
    for (const { page } of tabs) await page.getByText("Open over one SSE for all tabs").waitFor();
    source.write(entries(3, 4));
    for (const { page } of tabs) {
      await page.bringToFront(); // what is behind another renders once a second
      await page.getByRole("button", { name: "2 new items" }).waitFor();
    }
    expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([]);
  });

  test("curl and EventSource get the same items by the lines that the page shows, and pages of history answer 304", async () => {
    const { source, showcase } = await start();
    source.write(entries(1, 5));
    await stored(showcase, 5);
    const context = await openContext();
    const { page, complaints } = await openFeed(context, showcase);
    const lines = await page.locator(".without code").allTextContents();

    const address = /curl -N '([^']+)'/.exec(lines[0] ?? "")?.[1] ?? "";
    const byCurl = await curl("-sN", "--max-time", "2", address);
    const ids = [...byCurl.matchAll(/^id: (.+)$/gm)].map(([, id]) => id);
    expect([...byCurl.matchAll(/"title":"(\d)"/g)].map(([, title]) => title)).toEqual(["1", "2", "3", "4", "5"]);

    const url = /new EventSource\("([^"]+)"\)/.exec(lines[1] ?? "")?.[1] ?? "";
    expect(await page.evaluate(readByEventSource, [url, 5] as const)).toEqual(ids.slice(0, 5));

    const history = /curl -i '([^']+)'/.exec(lines[2] ?? "")?.[1] ?? "";
    const answer = await fetch(history);
    const { messages } = (await answer.json()) as { messages: readonly { id: string }[] };
    expect(messages.map(({ id }) => id)).toEqual(ids.slice(0, 5));
    const again = await curl("-si", "-H", `if-none-match: ${answer.headers.get("etag")}`, history);
    expect(again).toMatch(/^HTTP\/1\.1 304/);
    const full = await curl("-si", `${showcase.origin}/feed/eitherway/channels/news?after=${ids[0]}&limit=2`);
    expect(full).toMatch(/cache-control: public, max-age=86400, immutable/i);
    expect(complaints).toEqual([]);
  });

  test("a log that is gone is a gap that the page tells, with a way to what is kept (P2)", async () => {
    const { source, showcase, again } = await start();
    source.write(entries(1, 3));
    await stored(showcase, 3);
    const context = await openContext();
    const first = await openFeed(context, showcase);
    await first.shows(["3", "2", "1"]);
    await first.page.close();
    await showcase.stop("SIGTERM");

    source.write(entries(4, 5));
    const restarted = await again(showcase.port);
    await stored(restarted, 5);
    const { page, shows, says, complaints } = await openFeed(context, restarted);
    await says("Some headlines since your last visit are not kept any more (epoch). What is kept");
    await shows(numbers(5, 1));
    const kept = await page.getByRole("link", { name: "What is kept" }).getAttribute("href");
    const answer = await fetch(new URL(kept ?? "", restarted.origin));
    expect(((await answer.json()) as { messages: readonly unknown[] }).messages).toHaveLength(5);
    expect(complaints).toEqual([]);
  });

  test("hangs out of no screen and has no serious fault for axe, on desktop and phone, light and dark", async () => {
    const showcase = await startShowcase();
    for (const [name, screen] of SCREENS) {
      const { page, complaints } = await openFeed(await openContext(screen), showcase);
      await page.locator("article").first().waitFor();
      expect(await sidewaysScroll(page), name).toEqual([]);
      expect(await accessibilityFaults(page), name).toEqual([]);
      expect(complaints, name).toEqual([]);
      await page.close();
    }
  });
});

interface Started {
  readonly source: FeedSource;
  readonly showcase: Showcase;
  /** The same on a port, when the first one has stopped: its memory is empty. */
  again(port: number): Promise<Showcase>;
}

async function start(): Promise<Started> {
  const source = await startFeedSource();
  const env = { EITHERWAY_SHOWCASE_FEEDS: source.address, EITHERWAY_SHOWCASE_FEED_SECONDS: POLL_SECONDS };
  return {
    source,
    showcase: await startShowcase({ env }),
    again: (port) => startShowcase({ env: { ...env, EITHERWAY_PORT: String(port) } }),
  };
}

interface OpenFeed {
  readonly page: Page;
  readonly complaints: string[];
  titles(): Promise<readonly string[]>;
  /** Resolves once the headlines are these, newest first. */
  shows(titles: readonly string[]): Promise<void>;
  /** Resolves once the line above them says this. */
  says(words: string): Promise<void>;
}

async function openFeed(context: BrowserContext, { origin }: Showcase, query = ""): Promise<OpenFeed> {
  const { page, complaints } = await openPage(context, `${origin}/feed${query}`);
  const titles = (): Promise<readonly string[]> => page.locator("article h2").allTextContents();
  return {
    page,
    complaints,
    titles,
    async shows(wanted) {
      await vi.waitFor(async () => expect(await titles()).toEqual(wanted), WAIT);
    },
    says: (words) =>
      vi.waitFor(async () => expect(await page.locator(".news [role=status]").textContent()).toBe(words), WAIT),
  };
}

/** The server has read so many from its source. */
async function stored({ origin }: Showcase, count: number): Promise<void> {
  await vi.waitFor(async () => {
    const answer = await fetch(`${origin}/feed/eitherway/channels/news?limit=1000`);
    expect(((await answer.json()) as { messages: readonly unknown[] }).messages).toHaveLength(count);
  }, WAIT);
}

function numbers(from: number, down: number): readonly string[] {
  return Array.from({ length: from - down + 1 }, (_, at) => String(from - at));
}

function entries(from: number, to: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    numbers(to, from)
      .toReversed()
      .map((number) => [number, number]),
  );
}

const run = promisify(execFile);

async function curl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("curl", args).catch((ended: { stdout: string }) => ended); // a stream does not end by itself
  return stdout;
}

/** In the page. */
function readByEventSource([url, count]: readonly [string, number]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const ids: string[] = [];
    const news = new EventSource(url);
    news.addEventListener("item", ({ lastEventId }) => {
      if (ids.push(lastEventId) < count) return;
      news.close();
      resolve(ids);
    });
  });
}
