/** The chat of the showcase, at its hard moments: two people, a bad network, a server that ends, and a very long room. */
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createFaultNetwork, createSeededRandom } from "../../src/testing/index.ts";
import { accessibilityFaults, SCREENS, sidewaysScroll, watchLayoutShifts } from "./page-quality.ts";
import { comeIn, openTab, scrollToEnd, startShowcase, type Tab, useBrowser } from "./support.ts";

const SLOW_MS = 120_000; // on a busy machine
const WAIT = { timeout: 30_000, interval: 50 };
const LONG = 50_000;
const MOST_ROWS = 300;
const FRAME_MS = 16;
const EACH = 15;
const UNANSWERED = 8;
const ARCHIVE = 1_000;
const BROKEN_PAGES = 4;
const WITHIN_5_PX = -1; // of `toBeCloseTo`: scrolled places are whole pixels

const openContext = useBrowser();

/** Takes a name: the page loads anew. */
async function openAs(context: BrowserContext, origin: string, name: string, path?: string): Promise<Tab> {
  const tab = await openTab(context, origin, path);
  await tab.connected();
  const field = tab.page.getByLabel("You are");
  if ((await field.inputValue()) !== name) {
    const loaded = tab.page.waitForEvent("load");
    await field.fill(name);
    await field.press("Enter");
    await loaded;
  }
  await tab.connected();
  return tab;
}

/** Each in a window of its own: a tab behind another one has a frame a second. */
async function openTwo(ofAna: string, ofBo = ofAna): Promise<[Tab, Tab]> {
  return [await openAs(await openContext(), ofAna, "Ana"), await openAs(await openContext(), ofBo, "Bo")];
}

async function openArchive() {
  const { origin } = await startShowcase({ env: { EITHERWAY_SHOWCASE_MESSAGES: String(ARCHIVE) } });
  const tab = await openTab(await openContext(), origin, "/chat?room=archive");
  await tab.page.locator(`.message[data-place="${ARCHIVE}"]`).waitFor();
  return { origin, ...tab };
}

/** Pixels below the top of the list; negative, or more than its height, where it cannot be seen. `undefined`: it is not there. */
const topOf = (page: Page, place: number): Promise<number | undefined> =>
  page.evaluate((place) => {
    const [list, row] = [".messages", `.message[data-place="${place}"]`].map((one) => document.querySelector(one));
    return list && row ? row.getBoundingClientRect().top - list.getBoundingClientRect().top : undefined;
  }, place);

const textsOf = async (tab: Tab): Promise<readonly string[]> => (await tab.messages()).map(({ text }) => text);
const counts = async (tab: Tab) => [await tab.counter("Lost"), await tab.counter("Doubled")];

describe("the chat", { timeout: SLOW_MS }, () => {
  test("loses, doubles and reorders nothing while the plug is pulled in the middle of a message and WebSocket is switched to SSE (P1, P2, P3, P5)", async () => {
    const { origin, port } = await startShowcase();
    const network = await createFaultNetwork({ target: port, random: createSeededRandom(7) });
    onTestFinished(() => network.close());
    const [ana, bo] = await openTwo(network.url, origin);
    for (let n = 1; n <= EACH; n++) {
      if (n === 5) for (const one of network.connections) one.set({ kind: "cut", direction: "up", afterBytes: 20 });
      if (n === UNANSWERED) {
        await ana.settled(2 * (n - 1)); // over a connection again
        network.set({ kind: "buffering", bytes: Number.MAX_SAFE_INTEGER });
      }
      if (n === 10) await ana.choose("SSE");
      await ana.send(`a${n}`);
      if (n === UNANSWERED) {
        await bo.page.locator(".stored").getByText(`a${n}`, { exact: true }).waitFor(); // stored, and not answered
        network.cutAll();
        network.set({ kind: "none" });
      }
      await bo.send(`b${n}`);
    }
    await ana.connected("SSE");
    await Promise.all([ana, bo].map((tab) => tab.settled(2 * EACH)));
    const texts = await textsOf(ana);
    expect(await textsOf(bo)).toEqual(texts);
    const numbers = Array.from({ length: EACH }, (_, n) => n + 1);
    for (const who of ["a", "b"])
      expect(texts.filter((text) => text.startsWith(who))).toEqual(numbers.map((n) => who + n));
    expect([await counts(ana), await counts(bo)]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(network.counters.cut).toBeGreaterThan(0);
    expect(bo.complaints).toEqual([]);
  });

  test("says that a room began anew when its server was started again, and sends once what was written meanwhile (P2, P5)", async () => {
    const first = await startShowcase();
    const [ana, bo] = await openTwo(first.origin);
    await ana.send("before");
    await Promise.all([ana.settled(1), bo.settled(1)]);
    await first.stop("SIGKILL");
    await ana.send("meanwhile 1");
    await ana.send("meanwhile 2");
    await ana.page.getByText("2 on their way").waitFor();
    await startShowcase({ env: { EITHERWAY_PORT: String(first.port) } });
    await Promise.all([ana.settled(2), bo.settled(2)]);
    for (const tab of [ana, bo]) {
      await tab.page.getByText("The room began anew").waitFor();
      await vi.waitFor(async () => expect(await textsOf(tab)).toEqual(["meanwhile 1", "meanwhile 2"]), WAIT);
      expect([await counts(tab), await tab.counter("Gaps")]).toEqual([[0, 0], expect.any(Number)]);
      expect(await tab.counter("Gaps")).toBeGreaterThan(0);
    }
  });

  test("keeps over a reload what could not be sent, and sends it once (P5)", async () => {
    const { origin } = await startShowcase();
    const [ana, bo] = await openTwo(origin);
    await ana.page.getByRole("button", { name: "Stall" }).click();
    await ana.send("kept 1");
    await ana.send("kept 2");
    await ana.page.getByText("2 on their way, and kept on this device").waitFor();
    await ana.page.reload();
    await Promise.all([ana.settled(2), bo.settled(2)]);
    for (const tab of [ana, bo]) {
      expect(await textsOf(tab)).toEqual(["kept 1", "kept 2"]);
      expect(tab.complaints).toEqual([]);
    }
    expect((await ana.messages()).map(({ isOwn }) => isOwn)).toEqual([true, true]); // still the same user
    await ana.send("and on");
    await bo.settled(3);
    expect(await counts(bo)).toEqual([0, 0]);
  });

  test("shows the other one who is here, who writes, what was edited, deleted and read (P8)", async () => {
    const { origin } = await startShowcase();
    const [ana, bo] = await openTwo(origin);
    const here = (names: string) => ana.page.locator(".present").getByText(`Here: ${names}`, { exact: true }).waitFor();
    await here("Ana, Bo");

    await ana.page.getByLabel("Message", { exact: true }).pressSequentially("wrong");
    await bo.page.getByText("Ana is writing").waitFor();
    await ana.page.keyboard.press("Enter");
    await bo.settled(1);
    await bo.page.getByText("Ana is writing").waitFor({ state: "detached" });
    await ana.page.locator(".stored .message").getByText("Read by Bo").waitFor({ state: "attached" });

    await ana.page.keyboard.press("ArrowUp"); // the last own message
    await ana.page.getByRole("button", { name: "Save" }).waitFor();
    await ana.send("right");
    await bo.page.getByText("right (edited)").waitFor();
    expect(await bo.page.getByRole("button", { name: "Edit" }).count()).toBe(0); // not Bo's

    await ana.send("gone soon");
    await bo.settled(2);
    await ana.page.locator(".message").filter({ hasText: "gone soon" }).hover();
    await ana.page.locator(".message").filter({ hasText: "gone soon" }).getByRole("button", { name: "Delete" }).click();
    await vi.waitFor(async () => expect(await textsOf(bo)).toEqual(["right (edited)", "Deleted"]), WAIT);

    await bo.cut();
    await bo.connected();
    await here("Ana, Bo"); // a cut is no leave
    expect([...ana.complaints, ...bo.complaints]).toEqual([]);
    await bo.page.close();
    await here("Ana"); // after its grace
  });

  test("makes who writes faster than he may wait, and loses nothing of it (P5, P6)", async () => {
    const { origin } = await startShowcase();
    const [ana, bo] = await openTwo(origin);
    await ana.choose("Long-poll"); // over HTTP the server refuses what a WebSocket is not read for
    await ana.connected("long-poll");
    const [flood, last] = [150, 150 + 1]; // a burst of 60 may come at once, and 20 a second
    await ana.page.getByLabel("Message", { exact: true }).focus();
    const held = ana.page.getByText(/^[2-9][0-9] on their way/).waitFor();
    const written = ana.page.evaluate(async (messages) => {
      const rendered = () => new Promise((resolve) => setTimeout(resolve));
      for (let n = 1; n <= messages; n++) {
        document.execCommand("insertText", false, String(n));
        await rendered();
        document.querySelector<HTMLFormElement>("form.composer")?.requestSubmit();
        await rendered();
      }
    }, flood);
    await held;
    await bo.send("not held up");
    await written;
    await Promise.all([ana.settled(last), bo.settled(last)]);
    const texts = Array.from({ length: flood }, (_, n) => String(n + 1));
    expect((await textsOf(ana)).filter((text) => text !== "not held up")).toEqual(texts);
    expect(await textsOf(bo)).toEqual(await textsOf(ana));
    expect((await textsOf(bo)).indexOf("not held up")).toBeLessThan(flood);
    expect(await counts(bo)).toEqual([0, 0]);
    expect(await ana.page.getByText("Not sent").count()).toBe(0);
  });

  test("keeps what was refused beside the line, to be sent again or thrown away, and what follows is sent (P12)", async () => {
    const { origin } = await startShowcase();
    const tab = await openAs(await openContext(), origin, "Ana");
    const field = tab.page.getByLabel("Message", { exact: true });
    await field.evaluate((element) => element.removeAttribute("maxlength")); // as a page of an older version
    await tab.send("x".repeat(4_001));
    const failures = tab.page.getByText("Not sent:");
    await failures.waitFor();
    await tab.send("fine");
    await tab.settled(1);
    expect(await textsOf(tab)).toEqual(["fine"]);
    await tab.page.getByRole("button", { name: "Send again" }).click();
    await vi.waitFor(async () => expect(await failures.count()).toBe(1), WAIT); // refused again, and said once
    await tab.page.getByRole("button", { name: "Throw away" }).click();
    await failures.waitFor({ state: "detached" });
    expect(await tab.page.locator(".unsent > .message").count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test("lets nobody edit or delete what is somebody else's, whatever he publishes", async () => {
    const { origin } = await startShowcase();
    const tab = await openTab(await openContext(), origin);
    const [eve, mallory] = [await comeIn(origin, "Eve"), await comeIn(origin, "Mallory")];
    await eve.say({ text: "mine", sender: "eve", number: 1 });
    const change = (who: typeof eve, event: string, data: object) =>
      who.publish("application/json", JSON.stringify({ sender: "eve", number: 1, ...data }), "changes/lobby", event);
    expect(await change(mallory, "edited", { text: "not hers" })).toBe(201);
    expect(await change(mallory, "removed", {})).toBe(201);
    expect(await change(eve, "edited", { text: "mine still" })).toBe(201);
    await tab.page.getByText("mine still (edited)").waitFor();
    expect(await textsOf(tab)).toEqual(["mine still (edited)"]);
    expect(await mallory.publish("application/json", "{}", "room/elsewhere")).toBe(403);
  });

  test(`of a room of ${LONG} messages never has ${MOST_ROWS} rows, renders once a frame while it is filled, goes to the first one and back, and nothing jumps`, async () => {
    const { origin } = await startShowcase({ env: { EITHERWAY_SHOWCASE_MESSAGES: String(LONG) } });
    const { page, complaints, messages } = await openTab(await openContext(), origin, "/chat?room=archive");
    await page.locator(".stored > .message").first().waitFor();
    const flood = await page.evaluate(async (ms) => {
      let renders = 0;
      let longTasks = 0;
      new PerformanceObserver((list) => {
        longTasks += list.getEntries().length;
      }).observe({ type: "longtask" });
      const list = document.querySelector(".stored") as Element;
      new MutationObserver(() => renders++).observe(list, { childList: true });
      const began = performance.now();
      await new Promise((resolve) => setTimeout(resolve, ms));
      return { renders, longTasks, ms: performance.now() - began };
    }, 1_500);
    console.info(`while the room was filled: ${JSON.stringify(flood)}`);
    expect(flood.renders).toBeLessThanOrEqual(flood.ms / FRAME_MS + 2);

    const isWhole = async (): Promise<void> => {
      const places = (await messages()).map(({ place }) => place);
      expect(places.length).toBeLessThan(MOST_ROWS);
      expect(places).toEqual(places.map((_, index) => (places[0] ?? 0) + index));
    };
    await page.locator(`.message[data-place="${LONG}"]`).waitFor();
    const endShifts = await watchLayoutShifts(page);
    await page.locator(".messages").hover();
    for (let n = 0; n < 12; n++) {
      await page.mouse.wheel(0, -2_000);
      await page.waitForTimeout(50); // as people scroll
      await isWhole();
    }
    await vi.waitFor(async () => expect((await messages())[0]?.place).toBeLessThan(LONG - 250), WAIT);
    await page.getByRole("button", { name: "First message" }).click();
    await page.locator('.message[data-place="1"]').getByText(/^1: /).waitFor();
    await isWhole();
    await page.locator(".messages").hover();
    for (let n = 0; n < 12; n++) {
      await page.mouse.wheel(0, 2_000);
      await page.waitForTimeout(50);
      await isWhole();
    }
    await vi.waitFor(async () => expect((await messages()).at(-1)?.place).toBeGreaterThan(200), WAIT);
    await page.getByRole("button", { name: "Latest" }).click();
    await page.locator(`.message[data-place="${LONG}"]`).waitFor();
    await isWhole();
    expect(await endShifts()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("reads a page of the past again that a broken connection took, without being asked", async () => {
    const { page, complaints } = await openArchive();
    let broken = 0;
    await page.route("**/channels/room/archive?**", async (route) => {
      if (broken < BROKEN_PAGES) await route.abort();
      else await route.continue();
      broken++;
    });
    await page.getByRole("button", { name: "First message" }).click();
    await page.getByText("could not be read").waitFor();
    await page.locator('.message[data-place="1"]').waitFor();
    await page.getByText("could not be read").waitFor({ state: "detached" });
    expect(complaints).toEqual(Array(BROKEN_PAGES).fill("Failed to load resource: net::ERR_FAILED"));
  });

  test("takes nobody back who scrolls in the moment in which something is rendered", async () => {
    const { page } = await openArchive();
    await page.getByRole("button", { name: "First message" }).click();
    await page.locator('.message[data-place="100"]').waitFor();
    await page.locator(".messages").evaluate((list) => {
      list.scrollTo(0, list.scrollHeight); // of which the page hears with its next frame
      for (const button of document.querySelectorAll("button")) if (button.textContent?.includes("Cut")) button.click();
    });
    const before = await topOf(page, 100);
    await page.locator('.message[data-place="101"]').waitFor();
    expect(await topOf(page, 100)).toBeCloseTo(before ?? Number.NaN, WITHIN_5_PX);
  });

  test("keeps what is looked at in view while one reads on to the end, and goes on there with what comes", async () => {
    const { page, origin } = await openArchive();
    await page.getByRole("button", { name: "First message" }).click();
    for (let last = 100; last < ARCHIVE; last += 100) {
      await page.locator(`.message[data-place="${last}"]`).waitFor();
      await scrollToEnd(page);
      const before = await topOf(page, last);
      await page.locator(`.message[data-place="${last + 1}"]`).waitFor();
      expect(await topOf(page, last), `message ${last}`).toBeCloseTo(before ?? Number.NaN, WITHIN_5_PX);
    }
    await scrollToEnd(page);
    await page.getByRole("button", { name: "Latest" }).waitFor({ state: "detached" });
    const oz = await comeIn(origin, "Oz");
    const json = "application/json";
    for (let number = 1; number <= 3; number++) {
      await oz.publish(json, JSON.stringify({ sender: "oz", number, text: "new" }), "room/archive");
      await page.locator(`.message[data-place="${ARCHIVE + number}"]`).waitFor();
      const below = await page
        .locator(".messages")
        .evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
      expect(below).toBeLessThan(1);
    }
  });

  test("moves nothing of what is read while others write, edit and read", async () => {
    const { origin } = await startShowcase();
    const [ana, bo] = await openTwo(origin);
    for (let n = 1; n <= 30; n++) await bo.send(`line ${n}`);
    await ana.settled(30);
    await ana.page.locator(".messages").hover();
    await ana.page.mouse.wheel(0, -300);
    await ana.page.getByRole("button", { name: "Latest" }).waitFor();
    const endShifts = await watchLayoutShifts(ana.page);
    for (let n = 31; n <= 40; n++) await bo.send(`line ${n}`);
    await ana.page.getByText("10 new").waitFor();
    expect(await endShifts()).toEqual([]);
  });

  test.each(SCREENS)("has no serious fault for aids and nothing beside the screen: %s", async (_, screen) => {
    const { origin } = await startShowcase();
    const tab = await openAs(await openContext(screen), origin, "Ana");
    await tab.send("W".repeat(300));
    await tab.send("short");
    await tab.settled(2);
    expect(await accessibilityFaults(tab.page)).toEqual([]);
    expect(await sidewaysScroll(tab.page)).toEqual([]);
    expect(tab.complaints).toEqual([]);
  });
});
