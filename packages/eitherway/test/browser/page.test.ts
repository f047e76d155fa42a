import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { openTab, startShowcase, type Tab, useBrowser } from "./support.ts";

const PHONE = { width: 375, height: 812 };
const MORE_THAN_SIX = 8; // connections that browsers open to one HTTP/1.1 server
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
    await second.page.getByText("Kept messages end here").waitFor();
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
    const reach = async (selector: string): Promise<void> => {
      const isThere = () => first.page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);
      const visited: unknown[] = [];
      while (!(await isThere())) {
        expect(visited.length, `on the way to ${selector}`).toBeLessThan(20);
        await first.page.keyboard.press("Tab");
        visited.push(await first.page.evaluate(() => document.activeElement?.id));
      }
    };
    await reach("[name=transport]");
    await first.page.keyboard.press("ArrowDown"); // Auto -> WebSocket
    await first.page.keyboard.press("ArrowDown"); // -> SSE
    await first.connected("SSE");
    await reach("#cut");
    const resumes = await first.counter("Resumes");
    await first.page.keyboard.press("Enter");
    await first.page.waitForFunction((n) => Number(document.querySelector("#resumes")?.textContent) > n, resumes);
    await reach("#text");
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
    const sizes = await page.evaluate(() => {
      const [{ scrollWidth, scrollHeight }, log] = [document.documentElement, document.querySelector("#scroll")];
      return { scrollWidth, scrollHeight, inLog: log?.scrollWidth };
    });
    expect(sizes).toEqual({ scrollWidth: PHONE.width, scrollHeight: PHONE.height, inLog: PHONE.width });
    for (const control of await page.locator("button, .choice span, #text, #name").all()) {
      const box = await control.boundingBox();
      expect(box && box.x >= 0 && box.x + box.width <= PHONE.width, (await control.textContent()) ?? "").toBe(true);
      expect(box?.height).toBeGreaterThanOrEqual(40); // a finger
    }
  });

  test("shows what others publish as text, whatever it is", async () => {
    const { origin } = await startShowcase();
    const tab = await openTab(await openContext(), origin);
    const publish = async (type: string, body: string): Promise<void> => {
      const url = `${origin}/eitherway/channels/room/42`;
      const { status } = await fetch(url, { method: "POST", headers: { "content-type": type }, body });
      expect(status).toBe(201);
    };
    await publish("application/json", '{"text":"<img src=x onerror=alert(1)>"}');
    await publish("application/json", '{"number":1,"other":[]}');
    await publish("text/plain", "plain");
    await publish("application/octet-stream", "bytes");
    await tab.settled(4);
    expect((await tab.messages()).map(({ text }) => text)).toEqual([
      "<img src=x onerror=alert(1)>",
      '{"number":1,"other":[]}',
      "plain",
      "5 bytes",
    ]);
    expect(tab.complaints).toEqual([]);
  });

  test("counts what is lost and doubled by the senders' numbers", async () => {
    const { origin } = await startShowcase();
    const tab = await openTab(await openContext(), origin);
    await tab.connected();
    await tab.page.locator("#empty").waitFor(); // live: what comes now has to begin at 1
    for (const number of [1, 2, 5, 2]) {
      const body = JSON.stringify({ text: String(number), name: "Eve", sender: "eve", number });
      const headers = { "content-type": "application/json" };
      await fetch(`${origin}/eitherway/channels/room/42`, { method: "POST", headers, body });
    }
    await tab.settled(4);
    expect([await tab.counter("Lost"), await tab.counter("Doubled")]).toEqual([2, 1]);
    expect(await tab.page.locator("#verdict").textContent()).toMatch(/^Something was lost/);
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
