/** One connection for all tabs, in a real browser over HTTP/1.1, where a browser has six connections to a server and no more. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Page } from "puppeteer-core";
import { build } from "vite";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { EitherwayOptions } from "../../src/server/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";
import { useRealBrowser } from "./browsers.ts";
import type { TabReport } from "./pages/tabs.ts";
import { tabsApp } from "./pages/tabs-app.ts";

/** More than the connections that browsers open to one HTTP/1.1 server. */
const TABS = 8;

/** So long nobody may be without messages, whatever becomes of the hub. */
const TAKEOVER_MS = 5_000;

/** How long a document may take that does not wait for others; generous, for a busy machine. */
const AT_ONCE_MS = 1_000;

/** Between two messages: short against a takeover. */
const EVERY_MS = 25;

/** Longer than the hub waits for a renewal, shorter than it waits for two. */
const LEASE_MS = 6_000;

const WAIT = { timeout: 30_000, interval: 20 }; // a busy machine
const SLOW_MS = 90_000;

const browser = useRealBrowser("Chromium");

/** The files of the page as a bundler makes them of the package: its script, and the worker's. */
let files: ReadonlyMap<string, string>;

beforeAll(async () => {
  const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
  await promisify(execFile)(process.execPath, [path("../../../../scripts/build.js")]); // what is out of date
  const entry = path("pages/tabs.ts");
  const built = await build({
    configFile: false,
    logLevel: "warn",
    worker: { format: "es" },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      assetsInlineLimit: 0,
      modulePreload: false,
      rollupOptions: { input: entry, output: { entryFileNames: "tabs.js" } },
    },
  });
  const [first] = [built].flat();
  if (!first || !("output" in first)) throw new Error("the page gave no output");
  files = new Map(
    first.output.map((file) => [`/${file.fileName}`, file.type === "chunk" ? file.code : String(file.source)]),
  );
});

interface Site {
  readonly origin: string;
  /** Links that the server has. */
  readonly links: number;
  /** Publishes numbers that count up, until told to stop; resolves with how many there were. */
  publishing(): () => Promise<number>;
  publish(): Promise<void>;
  /** Calls that were started, and are held. */
  readonly started: readonly string[];
  release(text: string): void;
  /** Links that were ever opened. */
  readonly opened: number;
  presence(): Promise<{ readonly id: string | undefined; readonly members: readonly unknown[] }>;
  openTab(parameters?: string): Promise<Page>;
}

async function openSite(options: EitherwayOptions = {}): Promise<Site> {
  const { eitherway } = await import("eitherway"); // what was built
  const html =
    '<!doctype html><title>tab</title><link rel="icon" href="data:,"><script type="module" src="/tabs.js"></script>';
  const server = createServer(({ url = "" }, response) => {
    const [path = ""] = url.split("?");
    const script = files.get(path);
    if (script) response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    else {
      const policy = url.includes("policy") ? { "content-security-policy": "worker-src 'none'" } : {};
      response.writeHead(200, { "content-type": "text/html", ...policy });
      response.end(path === "/elsewhere" ? "elsewhere" : html);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const running = eitherway(tabsApp, { ...options, logger: witnessed() });
  running.attach(server);
  const started: string[] = [];
  const held = new Map<string, () => void>();
  running.channel("room", {
    calls: {
      async hold({ input }) {
        started.push(input);
        await new Promise<void>((resolve) => held.set(input, resolve));
        return input;
      },
    },
  });
  const pages: Page[] = [];
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let count = 0;
  let stop: (() => Promise<number>) | undefined;
  onTestFinished(async () => {
    await stop?.();
    await Promise.all(pages.map((page) => page.close().catch(() => {}))); // some are closed
    await running.close();
    server.close();
    server.closeAllConnections();
  });
  const publish = async (): Promise<void> => void (await running.publish("room", "message", ++count));
  return {
    origin,
    get links() {
      return running.stats().links;
    },
    publish,
    started,
    release: (text) => held.get(text)?.(),
    get opened() {
      return running.stats().counters["links.opened"] ?? 0;
    },
    presence: () => running.presence("room"),
    publishing() {
      const timer = setInterval(() => void publish(), EVERY_MS);
      stop = async () => {
        clearInterval(timer);
        return count;
      };
      return stop;
    },
    async openTab(parameters = "") {
      const page = await browser.openPage(`${origin}/tab?${parameters}`);
      pages.push(page);
      return page;
    },
  };
}

const report = (page: Page): Promise<TabReport> => page.evaluate(() => globalThis.tab.report());

/** How long the browser waited for the document of a page. */
function documentMs(page: Page): Promise<number> {
  return page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    return navigation?.responseEnd ?? Number.NaN;
  });
}

function becomes(page: Page, expected: Partial<TabReport>): Promise<void> {
  return vi.waitFor(async () => expect(await report(page)).toMatchObject(expected), WAIT);
}

async function openTabs(site: Site, count: number, parameters?: string): Promise<Page[]> {
  const pages: Page[] = [];
  for (let n = 0; n < count; n++) {
    const page = await site.openTab(parameters);
    await becomes(page, { state: "open", transport: "shared" });
    pages.push(page);
  }
  return pages;
}

/** Everything up to the last message came to every tab, once and in order. */
async function expectWhole(pages: readonly Page[], last: number): Promise<void> {
  for (const page of pages) await becomes(page, { last, first: 1, count: last, faults: [] });
}

const mark = (pages: readonly Page[]) => Promise.all(pages.map((page) => page.evaluate(() => tab.mark())));

async function expectQuick(pages: readonly Page[]): Promise<void> {
  for (const page of pages) expect((await report(page)).longestPause).toBeLessThan(TAKEOVER_MS);
}

/** Waits until every tab has opened another link. */
async function expectTakeover(pages: readonly Page[]): Promise<void> {
  await vi.waitFor(async () => {
    for (const page of pages) expect((await report(page)).opens).toBeGreaterThan(0);
  }, WAIT);
}

/** Waits until every tab has had messages after what happened to its hub. */
async function expectMore(pages: readonly Page[]): Promise<void> {
  const before = Math.max(...(await Promise.all(pages.map(report))).map(({ last = 0 }) => last));
  await vi.waitFor(async () => {
    for (const page of pages) expect((await report(page)).last).toBeGreaterThan(before + 5);
  }, WAIT);
}

describe.each([
  ["a shared worker", ""],
  ["the tab that leads", "leader"],
])("tabs that share by %s", { timeout: SLOW_MS }, (_, way) => {
  test("eight tabs have one sse stream over HTTP/1.1, and the document of the eighth loads at once (P1, P2)", async () => {
    const site = await openSite();
    const pages = await openTabs(site, TABS - 1, way);
    const [eighth] = await openTabs(site, 1, way);
    if (!eighth) throw new Error("no tab");
    pages.push(eighth);
    expect(await documentMs(eighth)).toBeLessThan(AT_ONCE_MS);
    for (let n = 0; n < 20; n++) await site.publish();
    await expectWhole(pages, 20);
    expect(site.links).toBe(1);
  });

  test.each([1, 2])(
    "closed in any order (seed %i), nobody who stays loses or doubles anything, or waits for 5 s (P1, P2, P3)",
    async (seed) => {
      const random = createSeededRandom(seed);
      const site = await openSite();
      let pages = await openTabs(site, 4, way);
      const stop = site.publishing();
      await mark(pages);
      while (pages.length > 1) {
        const gone = pages[Math.floor(random() * pages.length)] as Page;
        pages = pages.filter((page) => page !== gone);
        await gone.close();
        await expectMore(pages);
      }
      await expectQuick(pages);
      await expectWhole(pages, await stop());
    },
  );

  test("put into the back/forward cache a tab lets go of all, and comes back where it was (P1, P2, P3)", async () => {
    const site = await openSite();
    const [away, stays] = await openTabs(site, 2, way);
    if (!away || !stays) throw new Error("no tabs");
    await site.publish();
    await expectWhole([away, stays], 1);
    await away.goto(`${site.origin}/elsewhere`);
    await site.publish();
    await expectWhole([stays], 2); // also where it was the one that led
    await away.goBack();
    await expectWhole([away, stays], 2);
    const { notRestored, did } = await report(away);
    expect([notRestored, did.filter((what) => /^(asleep|woken)/.test(what))]).toEqual([null, ["asleep", "woken"]]);
    expect(site.links).toBe(1);
  });

  test("a call is answered to the tab that asked, and started once, though the first tab is closed meanwhile (P3, P5)", async () => {
    const site = await openSite();
    const [first, asking, other] = await openTabs(site, 3, way);
    if (!first || !asking || !other) throw new Error("no tabs");
    const hold = (page: Page, key: string) => page.evaluate((key) => tab.hold("a", key), key);
    const answers = (page: Page) => page.evaluate(() => tab.answers);
    await hold(asking, "order-991");
    await vi.waitFor(() => expect(site.started).toEqual(["a"]), WAIT);
    await first.close();
    await hold(other, "order-991");
    await site.publish();
    for (const page of [asking, other]) await becomes(page, { last: 1, transport: "shared", faults: [] });
    site.release("a");
    await vi.waitFor(async () => expect(await answers(asking)).toEqual(["a"]), WAIT);
    await vi.waitFor(async () => expect(await answers(other)).toEqual(["a"]), WAIT);
    await hold(asking, "order-992");
    await vi.waitFor(() => expect(site.started).toEqual(["a", "a"]), WAIT);
    site.release("a");
    await vi.waitFor(async () => expect(await answers(asking)).toEqual(["a", "a"]), WAIT);
    expect(await answers(other)).toEqual(["a"]);
  });

  test("logging out in one ends all of that user, and no one else", async () => {
    const site = await openSite();
    const pages = await openTabs(site, 3, way);
    const other = await site.openTab(`${way}&user=bo`);
    await becomes(other, { state: "open", transport: "shared" });
    await pages[1]?.evaluate(() => tab.logout());
    for (const page of pages) await becomes(page, { state: "closed" });
    await site.publish();
    await becomes(other, { state: "open", last: 1, faults: [] });
    await vi.waitFor(() => expect(site.links).toBe(1), WAIT);
  });
});

describe("tabs that do not share", { timeout: SLOW_MS }, () => {
  test("over HTTP/1.1 the document of the seventh sse tab never comes: what sharing is for", async () => {
    const site = await openSite();
    for (let n = 0; n < 6; n++) await becomes(await site.openTab("alone"), { state: "open", transport: "sse" });
    const seventh = await browser.openPage("about:blank");
    onTestFinished(() => seventh.close());
    await expect(seventh.goto(`${site.origin}/tab?alone`, { timeout: 3_000 })).rejects.toThrow("timeout");
  });
});

describe("a hub in a shared worker", { timeout: SLOW_MS }, () => {
  test("that is killed is replaced within 5 s; nothing is lost or doubled (P1, P2, P3)", async () => {
    const site = await openSite();
    const pages = await openTabs(site, 4);
    const stop = site.publishing();
    await mark(pages);
    const devtools = await (pages[0] as Page).browser().target().createCDPSession();
    const { targetInfos } = await devtools.send("Target.getTargets", { filter: [{ type: "shared_worker" }] });
    expect(targetInfos.length).toBe(1);
    for (const { targetId } of targetInfos) await devtools.send("Target.closeTarget", { targetId });
    await expectTakeover(pages);
    await expectMore(pages);
    await expectQuick(pages);
    await expectWhole(pages, await stop());
    expect(site.links).toBe(1);
  });

  test("whose tab is present somewhere renews its lease (P8)", async () => {
    const site = await openSite({ presenceLeaseMs: LEASE_MS });
    const [present] = await openTabs(site, 2);
    if (!present) throw new Error("no tab");
    await present.evaluate(() => tab.enter("ana"));
    const { id, members } = await site.presence();
    expect(members).toMatchObject([{ state: { name: "ana" } }]);
    const { opened } = site;
    await vi.waitFor(() => expect(site.opened).toBe(opened + 2), WAIT); // after more than a lease
    expect(await site.presence()).toEqual({ id, members });
  });

  test("whose script a policy forbids is done without: one of the tabs leads (P3)", async () => {
    const site = await openSite();
    const pages = await openTabs(site, 2, "policy");
    await site.publish();
    await expectWhole(pages, 1);
    expect(site.links).toBe(1);
  });
});

describe("a hub in the tab that leads", { timeout: SLOW_MS }, () => {
  test.each([
    ["frozen with a word", "leader"],
    ["frozen without a word", "leader&mute"],
  ])("that is %s is replaced within 5 s; thawed, it has lost nothing either (P1, P2, P3)", async (_, parameters) => {
    const site = await openSite();
    const [leader, ...others] = await openTabs(site, 4, parameters);
    if (!leader) throw new Error("no tab");
    const stop = site.publishing();
    await mark(others);
    const devtools = await leader.createCDPSession();
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await expectTakeover(others);
    await expectMore(others);
    await expectQuick(others);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await expectMore([leader, ...others]);
    await expectWhole([leader, ...others], await stop());
    await vi.waitFor(() => expect(site.links).toBe(1), WAIT);
  });
});
