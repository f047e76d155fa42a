/** The outbox on IndexedDB and Web Locks, in a real browser. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eitherway } from "../../src/node/index.ts";
import { witnessed } from "../support/witness.ts";
import { CHROMIUM, FLAGS } from "./support.ts";

const WAIT_MS = 50_000; // longer than the longest backoff, on a busy machine

/** Of the page, from the sources as they are. */
let script: string;
let browser: Browser;

beforeAll(async () => {
  const entry = fileURLToPath(new URL("pages/outbox.ts", import.meta.url));
  const lib = { entry, formats: ["es" as const], fileName: "outbox" };
  const built = await build({
    configFile: false,
    logLevel: "warn",
    build: { write: false, minify: false, target: "es2023", lib },
  });
  const [first] = [built].flat();
  if (!first || !("output" in first)) throw new Error("the page gave no output");
  script = first.output[0].code;
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: FLAGS,
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
});

afterAll(() => browser.close());

/** A server of ours, with pages that load offline as well, since a service worker keeps them. */
async function openSite() {
  const server = createServer(({ url = "" }, response) => {
    const [path = ""] = url.split("?");
    const file = files[path];
    response.writeHead(file ? 200 : 404, { "content-type": path.endsWith(".js") ? "text/javascript" : "text/html" });
    response.end(file?.());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const running = eitherway({ logger: witnessed() });
  running.attach(server);
  const context = await browser.newContext();
  context.setDefaultTimeout(WAIT_MS);
  onTestFinished(async () => {
    await context.close();
    await running.close();
    server.close();
    server.closeAllConnections();
  });
  return {
    context,
    async openPage(parameters: Readonly<Record<string, string>> = {}): Promise<Page> {
      const page = await context.newPage();
      await page.goto(`${origin}/page?${new URLSearchParams(parameters)}`);
      await ready(page);
      return page;
    },
    /** What is stored of a channel. */
    async log(channel: string): Promise<unknown[]> {
      const response = await fetch(`${origin}/eitherway/channels/${channel}?limit=1000`);
      const { messages } = (await response.json()) as { messages: { data?: unknown; bytes?: string }[] };
      return messages.map(({ data, bytes }) => (bytes === undefined ? data : [...Buffer.from(bytes, "base64")]));
    },
  };
}

const PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/outbox.js"></script>';
const WORKER = `
  const kept = ["/page", "/elsewhere", "/outbox.js"];
  addEventListener("install", (event) => event.waitUntil(caches.open("pages").then((cache) => cache.addAll(kept))));
  addEventListener("fetch", (event) => {
    const { pathname } = new URL(event.request.url);
    if (kept.includes(pathname)) event.respondWith(caches.match(pathname));
  });
`;
const files: Readonly<Record<string, () => string>> = {
  "/page": () => PAGE,
  "/elsewhere": () => "elsewhere",
  "/outbox.js": () => script,
  "/worker.js": () => WORKER,
};

async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => "outbox" in globalThis);
}

async function reload(page: Page): Promise<void> {
  await page.reload();
  await ready(page);
}

async function connected(page: Page): Promise<void> {
  await page.evaluate(() => outbox.client.reconnect());
  await page.waitForFunction(() => outbox.client.status.state === "open");
}

/** Offline, and the page has noticed. */
async function goOffline(context: BrowserContext, ...pages: readonly Page[]): Promise<void> {
  await context.setOffline(true);
  for (const page of pages) {
    await page.evaluate(() => outbox.client.reconnect()); // what is open may outlive the change
    await page.waitForFunction(() => outbox.client.status.state !== "open");
  }
}

async function drained(page: Page): Promise<void> {
  await page.waitForFunction(() => outbox.client.status.unanswered === 0);
}

/** Commands on disk, and locks that are held. */
async function remains(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const [database] = await indexedDB.databases();
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(String(database?.name));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const count = (store: string) =>
      new Promise<number>((resolve, reject) => {
        const request = db.transaction(store).objectStore(store).count();
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const [boxes, commands] = [await count("boxes"), await count("commands")];
    db.close();
    return { boxes, commands, locks: (await navigator.locks.query()).held?.length };
  });
}

const NOTHING = { boxes: 0, commands: 0, locks: 0 };
const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `text ${from + i}`);

describe("the outbox in Chromium", () => {
  test.each(["websocket", "sse", "poll"])(
    "over %s: what was published offline is there once and in order after a reload, with what came after (P1, P5)",
    async (transport) => {
      const { context, openPage, log } = await openSite();
      const page = await openPage({ transport });
      await connected(page);
      await page.evaluate((data) => outbox.publish("room", ...data), texts(1, 10));
      await drained(page);
      await expect.poll(() => remains(page)).toEqual(NOTHING);

      await goOffline(context, page);
      await page.evaluate((data) => outbox.publish("room", ...data), texts(11, 40));
      await page.evaluate(() => outbox.publish("bytes", new Uint8Array([0, 255, 10])));
      await reload(page);
      const pending = await page.evaluate(() => outbox.client.pending().map(({ restored, sent }) => restored && !sent));
      expect(pending).toEqual(Array(31).fill(true));
      await page.evaluate((data) => outbox.publish("room", ...data), texts(41, 50));
      await reload(page);
      await context.setOffline(false);
      await page.evaluate((data) => outbox.publish("room", ...data), texts(51, 60));
      await drained(page);
      expect(await log("room")).toEqual(texts(1, 60));
      expect(await log("bytes")).toEqual([[0, 255, 10]]);
      const outcomes = await page.evaluate(() => outbox.outcomes);
      expect(outcomes.filter((data) => typeof data === "string")).toEqual(texts(11, 50));
      await expect.poll(() => remains(page)).toEqual(NOTHING);
    },
  );

  test("a tab that is closed offline leaves its publishes to the other one (P5)", async () => {
    const { context, openPage, log } = await openSite();
    const [staying, closing] = [await openPage(), await openPage()];
    await connected(staying);
    await goOffline(context, staying, closing);
    await staying.evaluate((data) => outbox.publish("room", ...data), texts(1, 5));
    await closing.evaluate((data) => outbox.publish("other", ...data), texts(1, 20));
    expect(await staying.evaluate(() => outbox.client.pending().length)).toBe(5);
    await closing.close();
    await context.setOffline(false);
    await expect.poll(() => log("other").catch(() => []), { timeout: WAIT_MS }).toEqual(texts(1, 20));
    await drained(staying);
    expect(await log("room")).toEqual(texts(1, 5));
    expect(await staying.evaluate(() => outbox.outcomes)).toEqual(texts(1, 20));
    await expect.poll(() => remains(staying)).toEqual(NOTHING);
  });

  test("a page that is killed under load loses nothing that was kept, and doubles nothing (P1, P5)", async () => {
    const { openPage, log } = await openSite();
    const page = await openPage();
    await connected(page);
    const cdp = await page.context().newCDPSession(page);
    await page.evaluate((data) => outbox.publish("room", ...data), texts(1, 300));
    const crashed = page.waitForEvent("crash");
    cdp.send("Page.crash").catch(() => {}); // nobody is left to answer
    await crashed;
    await page.close();
    const next = await openPage();
    await drained(next);
    await expect.poll(() => log("room"), { timeout: WAIT_MS }).toEqual(texts(1, 300));
    await expect.poll(() => remains(next), { timeout: WAIT_MS }).toEqual(NOTHING);
  });

  test("what somebody threw away is not sent, by any tab", async () => {
    const { context, openPage, log } = await openSite();
    const page = await openPage({ name: "ana" });
    await connected(page);
    await goOffline(context, page);
    await page.evaluate((data) => outbox.publish("room", ...data), texts(1, 3));
    await page.evaluate(() => outbox.clear());
    await context.setOffline(false);
    await drained(page);
    expect(await page.evaluate(() => outbox.results)).toEqual(Array(3).fill("closed"));
    await page.evaluate(() => outbox.publish("room", "text 4"));
    await drained(page);
    expect(await log("room")).toEqual(["text 4"]);
    expect(await page.evaluate(() => outbox.errors)).toEqual([]);
  });

  test("goes on when the database is deleted under it", async () => {
    const { openPage, log } = await openSite();
    const page = await openPage();
    await connected(page);
    await page.evaluate((data) => outbox.publish("room", ...data), texts(1, 2));
    await drained(page);
    await page.evaluate(async () => {
      const [database] = await indexedDB.databases();
      await new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(String(database?.name));
        request.onsuccess = resolve;
        request.onerror = reject;
      });
    });
    await page.evaluate((data) => outbox.publish("room", ...data), texts(3, 5));
    await drained(page);
    expect(await log("room")).toEqual(texts(1, 5));
    expect(await page.evaluate(() => outbox.errors)).toEqual([]);
  });

  test("says that there is no space for a publish, and goes on when there is (P12)", async () => {
    const { openPage, log } = await openSite();
    const page = await openPage();
    await connected(page);
    const cdp = await page.context().newCDPSession(page);
    const { origin } = new URL(page.url());
    await cdp.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
    await page.evaluate(() => outbox.publish("room", "x".repeat(10_000)));
    expect(await page.evaluate(() => outbox.results)).toEqual(["storage-full"]);
    await cdp.send("Storage.overrideQuotaForOrigin", { origin });
    await page.evaluate(() => outbox.publish("room", "fits"));
    await drained(page);
    expect(await log("room")).toEqual(["fits"]);
    expect(await page.evaluate(() => outbox.errors)).toEqual([]);
  });

  test("keeps no page from the way back, even while something waits", async () => {
    const { context, openPage, log } = await openSite();
    const page = await openPage({ transport: "sse" }); // Chromium keeps no page that leaves while a WebSocket is connecting
    await connected(page);
    await goOffline(context, page);
    await page.evaluate(() => outbox.publish("room", "kept"));
    await page.evaluate(() => Object.assign(globalThis, { isSame: true }));
    await page.goto(page.url().replace("/page", "/elsewhere"));
    await page.evaluate(() => history.back());
    await page.waitForURL(/page/, { waitUntil: "commit" });
    expect(await page.evaluate(() => "isSame" in globalThis)).toBe(true);
    await context.setOffline(false);
    await drained(page);
    expect([await log("room"), await page.evaluate(() => outbox.results)]).toEqual([["kept"], ["stored"]]);
  });
});
