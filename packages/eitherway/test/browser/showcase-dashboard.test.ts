/** The dashboard as people use it: cut, put away, joined late, and under a thousand messages a second. */
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { accessibilityFaults, SCREENS, sidewaysScroll, watchLayoutShifts } from "./page-quality.ts";
import { openPage, startShowcase, useBrowser, type WatchedPage } from "./support.ts";

const SLOW_MS = 90_000; // browsers on a busy machine
const WAIT = { timeout: 40_000, interval: 100 };
const WIDGETS = 50;
/** A frame of a screen with 60 of them a second. */
const FRAME_MS = 1_000 / 60;
const BEATS = 10_000;

const openContext = useBrowser();

test(
  "50 widgets on one connection; a chart over a cut, and of a page that was hidden, has no hole, and is that of whoever joins late; a hidden page works for nobody (P2, P3)",
  async () => {
    const { port, origin } = await startShowcase();
    const network = await createFaultNetwork({ target: port });
    onTestFinished(() => network.close());
    const one = await openDashboard(`http://127.0.0.1:${network.port}`);
    await one.has(5);
    const other = await openDashboard(origin);
    await other.has(5);

    expect(await one.page.locator(".widget").count()).toBe(WIDGETS);
    await vi.waitFor(async () => expect(await one.widget("links.websocket")).toBe("2"), WAIT);
    expect(one.sockets).toHaveLength(1);
    await expectTheSame(one, other);

    network.set({ kind: "refuse" });
    network.cutAll();
    await other.grows(4);
    network.set({ kind: "none" });
    await expectTheSame(one, other);
    await other.page.getByRole("button", { name: "Cut the connection" }).click();
    await one.grows(2);
    await expectTheSame(one, other);

    await one.show("hidden");
    await one.page.getByText("Asleep").waitFor();
    const work = await one.watchWork();
    await other.grows(5);
    await vi.waitFor(async () => expect(await other.widget("links.websocket")).toBe("1"), WAIT);
    expect(await work()).toEqual({ renders: 0, frames: 0 });
    expect(one.sockets.every((socket) => socket.isClosed())).toBe(true);
    await one.show("visible");
    await expectTheSame(one, other);

    expect([one.complaints.filter((line) => !IS_CUT.test(line)), other.complaints]).toEqual([[], []]);
  },
  SLOW_MS,
);

test(
  "a thousand messages a second render once a frame, up to the last of them",
  async () => {
    const { origin } = await startShowcase();
    const { page, complaints, has } = await openDashboard(origin);
    await has(2);
    const stop = await watchRendering(page);
    await page.getByRole("button", { name: "Load", exact: true }).click();
    await page.locator(`[data-beat="${BEATS}"]`).waitFor();
    const { ms, renders, frames, doubled, longTasks } = await stop();
    console.info(
      `dashboard under 1,000 messages/s: ${renders} renders in ${(ms / 1_000).toFixed(1)} s and ${frames} frames, ` +
        `${doubled} frames with more than one; ${longTasks.length} long tasks, the longest of ${Math.max(0, ...longTasks)} ms`,
    );
    expect(renders).toBeGreaterThan(0);
    expect(renders).toBeLessThanOrEqual(Math.ceil(ms / FRAME_MS));
    expect(doubled).toBeLessThan(frames / 100); // what comes with the click, or with the status of the link
    expect(await page.getByText("Message 10,000 of 10,000").count()).toBe(1);
    expect(complaints).toEqual([]);
  },
  SLOW_MS,
);

describe.each(SCREENS)("%s", (name, screen) => {
  test(
    `dashboard, ${name}: nothing beside the screen, no serious fault for aids, and nothing moves by itself`,
    async () => {
      const { origin } = await startShowcase();
      const { page, complaints, has, grows } = await openDashboard(origin, screen);
      await has(2);
      const shifts = await watchLayoutShifts(page);
      await grows(2);
      expect(await shifts()).toEqual([]);
      expect(await sidewaysScroll(page)).toEqual([]);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
    SLOW_MS,
  );
});

/** What Chromium says of a connection that the test cuts or refuses. */
const IS_CUT = /net::ERR_(?:CONNECTION|EMPTY|SOCKET)|WebSocket connection to/;

// --- a dashboard ---

interface Socket {
  isClosed(): boolean;
}

interface Dashboard extends WatchedPage {
  /** WebSockets that were opened. */
  readonly sockets: readonly Socket[];
  /** Resolves once so many samples are shown, or more. */
  has(samples: number): Promise<void>;
  /** Resolves once so many more samples are shown. */
  grows(samples: number): Promise<void>;
  widget(name: string): Promise<string>;
  /** All that are shown, oldest first, as `<run>-<number>`. */
  samples(): Promise<readonly string[]>;
  missing(): Promise<string | null>;
  show(state: DocumentVisibilityState): Promise<void>;
  /** @returns ends it, with the renders of the page and the frames of its WebSockets since */
  watchWork(): Promise<() => Promise<{ readonly renders: number; readonly frames: number }>>;
}

async function openDashboard(origin: string, screen: (typeof SCREENS)[number][1] | object = {}): Promise<Dashboard> {
  const context = await openContext(screen);
  await context.addInitScript(() => {
    let state: DocumentVisibilityState = "visible";
    Object.defineProperty(document, "visibilityState", { get: () => state });
    addEventListener("test-visibility", (event) => {
      state = (event as CustomEvent<DocumentVisibilityState>).detail;
      document.dispatchEvent(new Event("visibilitychange"));
    });
  });
  const sockets: Socket[] = [];
  let frames = 0;
  context.on("page", (page) =>
    page.on("websocket", (socket) => {
      sockets.push(socket);
      socket.on("framereceived", () => frames++);
      socket.on("framesent", () => frames++);
    }),
  );
  const watched = await openPage(context, `${origin}/dashboard`);
  const { page } = watched;
  const count = async (): Promise<number> => Number(await page.locator("[data-samples]").getAttribute("data-samples"));
  const has = (wanted: number): Promise<void> =>
    vi.waitFor(async () => expect(await count()).toBeGreaterThanOrEqual(wanted), WAIT);
  return {
    ...watched,
    sockets,
    has,
    grows: async (more) => has((await count()) + more),
    widget: async (name) => (await page.locator(`[data-name="${name}"] b`).textContent()) ?? "",
    async samples() {
      const summary = page.locator(".samples summary");
      await summary.click();
      await page.locator("[data-sample]").first().waitFor();
      const rows = page.locator("[data-sample]");
      const samples = await rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-sample") ?? ""));
      await summary.click();
      await page.locator(".table").waitFor({ state: "detached" });
      return samples.reverse();
    },
    missing: () => page.locator("[data-missing]").getAttribute("data-missing"),
    show: (state) =>
      page.evaluate((detail) => void dispatchEvent(new CustomEvent("test-visibility", { detail })), state),
    async watchWork() {
      const stop = await watchRendering(page);
      const before = frames;
      return async () => ({ renders: (await stop()).renders, frames: frames - before });
    },
  };
}

/** Every sample that one shows the other shows too, from the first on, and neither misses any. */
async function expectTheSame(one: Dashboard, other: Dashboard): Promise<void> {
  const newest = (await other.samples()).at(-1);
  await vi.waitFor(async () => expect(await one.samples()).toContain(newest), WAIT);
  const [ofOne, ofOther] = [await one.samples(), await other.samples()];
  const both = Math.min(ofOne.length, ofOther.length);
  expect(ofOne.slice(0, both)).toEqual(ofOther.slice(0, both));
  expect(ofOne.map((sample) => Number(sample.split("-")[1]))).toEqual(ofOne.map((_, i) => i + 1));
  expect([await one.missing(), await other.missing()]).toEqual(["0", "0"]);
}

interface Rendering {
  readonly ms: number;
  /** Turns in which the page changed its elements. */
  readonly renders: number;
  readonly frames: number;
  /** Frames with more than one render. */
  readonly doubled: number;
  /** Milliseconds of each task that took more than 50 of them. */
  readonly longTasks: readonly number[];
}

async function watchRendering(page: Page): Promise<() => Promise<Rendering>> {
  const watch = await page.evaluateHandle(() => {
    const started = performance.now();
    const longTasks: number[] = [];
    let [renders, frames, doubled, ofThisFrame, ended] = [0, 0, 0, 0, false];
    const changes = new MutationObserver(() => {
      renders++;
      ofThisFrame++;
    });
    const root = document.querySelector("#root");
    if (root) changes.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
    const tasks = new PerformanceObserver((list) => {
      longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration)));
    });
    tasks.observe({ type: "longtask" });
    const nextFrame = (): void => {
      frames++;
      if (ofThisFrame > 1) doubled++;
      ofThisFrame = 0;
      if (!ended) requestAnimationFrame(nextFrame);
    };
    requestAnimationFrame(nextFrame);
    return {
      end() {
        ended = true;
        changes.disconnect();
        tasks.disconnect();
        return { ms: performance.now() - started, renders, frames, doubled, longTasks };
      },
    };
  });
  return () => watch.evaluate((running) => running.end());
}
