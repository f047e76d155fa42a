/**
 * Pages that the browser puts away, freezes or takes off the network, and takes out again. Chromium can be told to do all that;
 * Firefox keeps no page that has a connection when it is left, whatever the page does about it, so there it is loaded anew.
 */
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../../src/testing/index.ts";
import { useRealBrowser } from "./browsers.ts";
import { usePageServer } from "./page-server.ts";
import { countTo, openReader } from "./reader-page.ts";

/** Much longer than the way there and back. */
const LONG_MS = 1_500;

const pages = usePageServer();
const browser = useRealBrowser("Chromium");

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))("Chromium, %s", (_, dialect) => {
  test("a page that comes back from the back/forward cache resumes: what was published meanwhile comes once, in order (P1, P2, P3)", async () => {
    const reader = await openReader(browser.openPage, pages(), dialect);
    await reader.publish(10);
    await reader.becomes({ seen: countTo(10) });

    await reader.page.goto(pages().address("elsewhere"));
    await reader.left();
    await reader.publish(20);
    await reader.page.goBack();
    await reader.becomes({ seen: countTo(30) });
    await reader.publish(1);
    await reader.becomes({ seen: countTo(31), gaps: 0, holes: 0, links: 2, notRestored: null });

    const { heard, did } = await reader.read();
    expect(heard).toEqual(["pageshow", "pagehide persisted", "freeze", "resume", "pageshow persisted"]);
    expect(did).toContain("woken"); // once or twice: `resume` and `pageshow` both do
    expect(did.filter((what) => what !== "woken")).toEqual([...ONE_LINK, ...ASLEEP, ...ONE_LINK]);
  });

  test("a frozen page has no link, and goes on where it was once it is resumed (P1, P2, P3)", async () => {
    const reader = await openReader(browser.openPage, pages(), dialect);
    await reader.publish(10);
    await reader.becomes({ seen: countTo(10) });
    const devtools = await reader.page.createCDPSession();

    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await reader.left();
    await reader.publish(20);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await reader.becomes({ seen: countTo(30), gaps: 0, holes: 0, links: 2 });

    const { heard, did } = await reader.read();
    expect(heard).toEqual(["pageshow", "freeze", "resume"]);
    expect(did).toEqual([...ONE_LINK, ...ASLEEP, "woken", ...ONE_LINK]);
  });

  test("a page that is online again goes on at once, however long the pause was to be after the cut (P2, P3)", async () => {
    const reader = await openReader(browser.openPage, pages(), dialect, { random: "0.999" });
    await reader.publish(10);
    await reader.becomes({ seen: countTo(10) });

    await reader.page.setOfflineMode(true);
    pages().network.set({ kind: "refuse" });
    pages().network.cutAll();
    await reader.publish(20);
    await reader.becomes({ state: "waiting", retryInMs: expect.toSatisfy((ms) => ms >= LONG_MS) });
    const { did: before } = await reader.read();
    pages().network.set({ kind: "none" });
    await reader.page.setOfflineMode(false);
    await reader.becomes({ seen: countTo(30), gaps: 0, holes: 0 });

    const { heard, did } = await reader.read();
    expect(heard).toEqual(["pageshow", "offline", "online"]);
    expect(did.slice(before.length)).toEqual(["woken", ...ONE_LINK]);
  });
});

/** What the timeline of a client tells of a link with one channel. */
const ONE_LINK = ["connecting", "open", "live"];
const ASLEEP = ["dropped", "asleep"];
