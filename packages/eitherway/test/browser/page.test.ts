import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:http2";
import type { Locator } from "playwright-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { sidewaysScroll } from "./page-quality.ts";
import { comeIn, openTab, startShowcase, type Tab, useBrowser } from "./support.ts";

const PHONE = { width: 375, height: 812 };
const MORE_THAN_SIX = 8; // connections that browsers open to one HTTP/1.1 server
const WAIT = { timeout: 30_000, interval: 50 };
const SLOW_MS = 120_000; // several tabs, or a build, on a busy machine

const openContext = useBrowser();

describe("the page", () => {
  test("loads without a complaint, takes nothing from elsewhere and shows history joined to what is live", async () => {
    const { origin } = await startShowcase();
    const context = await openContext();
    const first = await openTab(context, origin);
    await first.connected();
    await first.send("before you came");
    await first.settled(1);

    const second = await openTab(context, origin);
    await second.settled(1);
    await first.send("while you are here");
    await second.settled(2);
    expect((await second.messages()).map(({ text }) => text)).toEqual(["before you came", "while you are here"]);
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });

  test("is used by keyboard alone, and the other tab sees it", async () => {
    const { origin } = await startShowcase();
    const context = await openContext();
    const [first, second] = [await openTab(context, origin), await openTab(context, origin)];
    await first.connected();
    await first.page.bringToFront();
    const reach = async (wanted: Locator): Promise<void> => {
      const isThere = () => wanted.evaluate((element) => element === document.activeElement);
      for (let presses = 0; !(await isThere()); presses++) {
        expect(presses, `on the way to ${wanted}`).toBeLessThan(40);
        await first.page.keyboard.press("Tab");
      }
    };
    await reach(first.page.getByRole("radio", { name: "Auto" }));
    await first.page.keyboard.press("ArrowDown"); // Auto -> WebSocket
    await first.page.keyboard.press("ArrowDown"); // -> SSE
    await first.connected("SSE");
    await reach(first.page.getByRole("button", { name: "Cut the connection" }));
    const resumes = await first.counter("Resumes");
    await first.page.keyboard.press("Enter");
    await vi.waitFor(async () => expect(await first.counter("Resumes")).toBeGreaterThan(resumes), WAIT);
    await reach(first.page.getByLabel("Message", { exact: true }));
    await first.page.keyboard.type("no mouse here");
    await first.page.keyboard.press("Enter");
    await second.settled(1);
    expect((await second.messages()).map(({ text }) => text)).toEqual(["no mouse here"]);
  });

  test.each(["light", "dark"] as const)("fits a phone without scrolling sideways, %s", async (colorScheme) => {
    const { origin } = await startShowcase();
    const context = await openContext({ viewport: PHONE, isMobile: true, hasTouch: true, colorScheme });
    const { page, send, settled } = await openTab(context, origin);
    await send("W".repeat(400));
    await settled(1);
    expect(await sidewaysScroll(page)).toEqual([]);
    expect(await page.locator(".messages").evaluate(({ scrollWidth }) => scrollWidth)).toBe(PHONE.width);
    for (const control of await page.locator("button:visible, .choice span, .rooms a, #text, #name").all()) {
      const box = await control.boundingBox();
      expect(box && box.x >= 0 && box.x + box.width <= PHONE.width, (await control.textContent()) ?? "").toBe(true);
      expect(box?.height).toBeGreaterThanOrEqual(40); // a finger
    }
  });

  test("shows what others publish as text, whatever it is", async () => {
    const { origin } = await startShowcase();
    const tab = await openTab(await openContext(), origin);
    const eve = await comeIn(origin, "Eve");
    const bad = [
      ["application/json", '{"number":1,"other":[]}'],
      ["text/plain", "plain"],
      ["application/octet-stream", "bytes"],
    ] as const;
    for (const [type, body] of bad) expect(await eve.publish(type, body), body).toBe(422);
    for (const [number, text] of ["<img src=x onerror=alert(1)>", "\u202e\u0000<b>"].entries()) {
      expect(await eve.say({ text, sender: "eve", number: number + 1 })).toBe(201);
    }
    await tab.settled(2);
    expect((await tab.messages()).map(({ text }) => text)).toEqual(["<img src=x onerror=alert(1)>", "\u202e\u0000<b>"]);
    expect(tab.complaints).toEqual([]);
  });

  test("counts what is lost and doubled by the senders' numbers", async () => {
    const { origin } = await startShowcase();
    const tab = await openTab(await openContext(), origin);
    await tab.connected();
    await tab.page.getByText("Nothing was said here yet").waitFor(); // live
    const eve = await comeIn(origin, "Eve");
    for (const number of [1, 2, 5, 2]) await eve.say({ text: String(number), sender: "eve", number });
    await tab.settled(4);
    expect([await tab.counter("Lost"), await tab.counter("Doubled")]).toEqual([2, 1]);
    await tab.page.getByText("Something was lost or doubled").waitFor();
  });
});

describe("the page's server", { timeout: SLOW_MS }, () => {
  test("serves the files of the page with their types, kept for good where their name has a hash", async () => {
    const { origin } = await startShowcase();
    const page = await fetch(`${origin}/`);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';/);
    const etag = page.headers.get("etag") ?? "";
    expect((await fetch(`${origin}/`, { headers: { "if-none-match": etag } })).status).toBe(304);

    const [script = ""] = /\/assets\/[^"]+\.js/.exec(await page.text()) ?? [];
    const { status, headers } = await fetch(origin + script);
    expect([status, headers.get("content-type")]).toEqual([200, "text/javascript; charset=utf-8"]);
    expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect((await fetch(`${origin}/`, { method: "DELETE" })).status).toBe(405);
  });

  test("has nothing outside the folder of the page, however it is asked for", async () => {
    const { port } = await startShowcase();
    const paths = ["/../server.js", "/..%2fserver.js", "/assets/../../server.js", "//etc/passwd", "/server.js", "/%00"];
    for (const path of paths) expect(await statusOf(port, path), path).toBe(404);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("npm start ends by itself on %s while tabs are open", async (signal) => {
    const showcase = await startShowcase({ script: "scripts/start.js" });
    const context = await openContext();
    for (const [choice, name] of [
      ["SSE", "SSE"],
      ["Long-poll", "long-poll"],
      ["WebSocket", "WebSocket"],
    ] as const) {
      const tab = await openTab(context, showcase.origin);
      await tab.choose(choice);
      await tab.connected(name);
    }
    expect(await showcase.stop(signal)).toBe(0);
    expect(showcase.output()).toMatch(/Ctrl-C ends it\.\n$/); // and not a word since
  });

  test("says in one sentence that a port is taken", async () => {
    const { port } = await startShowcase();
    const second = startShowcase({ script: "scripts/start.js", env: { EITHERWAY_PORT: String(port) } });
    await expect(second).rejects.toThrow(
      `code 1:\nPort ${port} is taken; end what runs there, or choose another one: PORT=${port + 1} npm start\n`,
    );
  });
});

describe("the page over https", { timeout: SLOW_MS }, () => {
  test("HTTP/2 carries more than six sse streams of one browser at once: the eighth tab loads", async () => {
    const { origin } = await startShowcase({ env: { EITHERWAY_TLS_SELF_SIGNED: "1" } });
    const context = await openContext();
    const tabs: Tab[] = [];
    for (let n = 0; n < MORE_THAN_SIX; n++) {
      const tab = await openTab(context, origin);
      await tab.connected(); // Chromium complains of a WebSocket that is closed while it opens
      await tab.choose("SSE");
      await tab.connected("SSE");
      tabs.push(tab);
    }
    const protocols = await tabs[0]?.page.evaluate(() =>
      performance.getEntriesByType("navigation").map((entry) => (entry as PerformanceNavigationTiming).nextHopProtocol),
    );
    expect(protocols).toEqual(["h2"]);
    await tabs.at(-1)?.send("to all eight");
    for (const tab of tabs) {
      await tab.settled(1);
      expect((await tab.messages()).map(({ text }) => text)).toEqual(["to all eight"]);
      expect(tab.complaints).toEqual([]);
    }
  });

  test("a websocket works there too, over HTTP/1.1, since extended CONNECT is not offered", async () => {
    const { origin } = await startShowcase({ env: { EITHERWAY_TLS_SELF_SIGNED: "1" } });
    const session = connect(origin, { rejectUnauthorized: false });
    onTestFinished(() => session.destroy());
    await once(session, "remoteSettings");
    expect(session.remoteSettings.enableConnectProtocol).toBeFalsy();

    const context = await openContext();
    const [first, second] = [await openTab(context, origin), await openTab(context, origin)];
    for (const tab of [first, second]) {
      await tab.choose("WebSocket");
      await tab.connected("WebSocket");
    }
    await first.send("over a socket");
    await second.settled(1);
    expect((await second.messages()).map(({ text }) => text)).toEqual(["over a socket"]);
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });
});

/** By node:http, which sends a path as it is: fetch would make it a proper one first. */
async function statusOf(port: number, path: string): Promise<number | undefined> {
  const sent = request({ host: "127.0.0.1", port, path }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}
