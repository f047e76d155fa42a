/** The notifications of the showcase: two devices, many tabs, days offline, and nobody there at all. */
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { accessibilityFaults, SCREENS, sidewaysScroll, watchLayoutShifts } from "./page-quality.ts";
import { startPushService } from "./push-service.ts";
import { openPage, type Showcase, startShowcase, useBrowser, type WatchedPage } from "./support.ts";

/** As many connections as a browser opens to an HTTP/1.1 server: one stream each would leave none. */
const TABS = 6;
const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;
const MOMENT_MS = 1_000;
const WAIT = { timeout: 30_000, interval: 50 }; // a busy machine
const SLOW_MS = 120_000;

const openContext = useBrowser();

/** What another program does, with a token of its own. */
interface Sender {
  post(path: string, body: object): Promise<{ readonly status: number; readonly body: { readonly id?: string } }>;
  send(title: string, own?: object): Promise<string | undefined>;
  publicKey(): Promise<string>;
  links(): Promise<number>;
  /** The unread counts that there were. */
  counts(): Promise<readonly number[]>;
}

interface Logged {
  readonly event: string;
  readonly data: { readonly count: number };
}

async function logIn({ origin }: Showcase, name: string): Promise<Sender> {
  const address = `${origin}/notifications`;
  const entered = await fetch(`${address}/login`, { method: "POST", body: JSON.stringify({ name }) });
  const { token } = (await entered.json()) as { readonly token: string };
  const headers = { authorization: `Bearer ${token}` };
  const get = async (path: string) => (await fetch(`${address}/${path}`, { headers })).json();
  const post: Sender["post"] = async (path, body) => {
    const answer = await fetch(`${address}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, body: answer.status === 204 ? {} : ((await answer.json()) as { id?: string }) };
  };
  return {
    post,
    send: async (title, own) => (await post("send", { title, body: "", ...own })).body.id,
    publicKey: async () => ((await get("push")) as { readonly publicKey: string }).publicKey,
    links: async () => ((await get("links")) as { readonly links: number }).links,
    async counts() {
      const { messages } = (await get("eitherway/channels/inbox/ana")) as { readonly messages: readonly Logged[] };
      return messages.filter(({ event }) => event === "unread").map(({ data }) => data.count);
    },
  };
}

/** A tab that is connected. The first one of a browser says who it is. */
async function openInbox(context: BrowserContext, { origin }: Showcase, name: string) {
  const tab = await openPage(context, `${origin}/notifications`);
  const form = tab.page.getByLabel("Name");
  await form.or(tab.page.getByText("Open over")).first().waitFor();
  if (await form.isVisible()) {
    await form.fill(name);
    await form.press("Enter");
  }
  await tab.page.getByText("Open over").waitFor();
  return tab;
}

const titles = (page: Page): Promise<string[]> =>
  page.locator(".row h3").evaluateAll((rows) => rows.map((row) => row.firstChild?.textContent ?? ""));
const unreadCount = async (page: Page): Promise<number> =>
  Number(await page.getByLabel("Unread notifications").textContent());

async function shows(page: Page, wanted: readonly string[], unread: number): Promise<void> {
  await vi.waitFor(async () => expect([await titles(page), await unreadCount(page)]).toEqual([wanted, unread]), WAIT);
}

test(
  "read on one device, it is read on the other; what was published while one was offline for three days comes once, in order, with what was read meanwhile (P2, P3, P5)",
  async () => {
    const showcase = await startShowcase();
    const sender = await logIn(showcase, "ana");
    const [desk, phone] = await Promise.all([openContext(), openContext()]);
    const ofDesk = await openInbox(desk, showcase, "ana");
    let ofPhone = await openInbox(phone, showcase, "ana");
    await sender.send("first");
    await sender.send("second");
    for (const { page } of [ofDesk, ofPhone]) await shows(page, ["second", "first"], 2);

    await ofPhone.page.getByRole("button", { name: "Mark “first” read" }).click();
    await shows(ofDesk.page, ["second", "first"], 1);
    await ofDesk.page.getByRole("button", { name: "Mark “first” read" }).waitFor({ state: "detached" });

    await ofPhone.page.close();
    const [once, again] = await Promise.all([sender.send("third", { key: "t" }), sender.send("third", { key: "t" })]);
    expect(again).toBe(once);
    await sender.send("fourth");
    await ofDesk.page.getByRole("button", { name: "Mark “third” read" }).click();
    await shows(ofDesk.page, ["fourth", "third", "second", "first"], 2);

    await phone.clock.install({ time: Date.now() + 3 * DAY_MS });
    ofPhone = await openInbox(phone, showcase, "ana");
    await shows(ofPhone.page, ["fourth", "third", "second", "first"], 2);
    await ofPhone.page.getByText("2 came while this device was away.").waitFor();
    expect(await ofPhone.page.locator('dt:text-is("Gaps") + dd').textContent()).toBe("0");

    await ofPhone.page.getByRole("button", { name: "Mark all read" }).click();
    await shows(ofDesk.page, ["fourth", "third", "second", "first"], 0);
    expect([...ofDesk.complaints, ...ofPhone.complaints]).toEqual([]);
  },
  SLOW_MS,
);

/** What Chromium says of a request that was under way when all rights were taken back. */
const IS_REVOKED = /status of 40[13]/;

test(
  `${TABS} tabs of a browser have one connection; what expires leaves list and count of all; logging out ends all`,
  async () => {
    const showcase = await startShowcase();
    const sender = await logIn(showcase, "ana");
    const context = await openContext();
    await context.clock.install({ time: Date.now() });
    const tabs: WatchedPage[] = [];
    for (let n = 0; n < TABS; n++) tabs.push(await openInbox(context, showcase, "ana"));
    await vi.waitFor(async () => expect(await sender.links()).toBe(1), WAIT); // a tab that has just joined may still end its own
    for (const { page } of tabs) await page.getByText("Open over one SSE for all tabs").waitFor();

    await sender.send("stays");
    await sender.send("goes", { expiresAt: Date.now() + HOUR_MS });
    for (const { page } of tabs) await shows(page, ["goes", "stays"], 2);
    await context.clock.fastForward(HOUR_MS);
    for (const { page } of tabs) await shows(page, ["stays"], 2); // for the server the hour is not over
    await sender.send("gone", { expiresAt: Date.now() + MOMENT_MS });
    await vi.waitFor(async () => expect(await sender.counts()).toEqual([1, 2, 3, 2]), WAIT);
    for (const { page } of tabs) await shows(page, ["stays"], 2);

    const [first] = tabs;
    await first?.page.getByRole("button", { name: "Log out everywhere" }).click();
    for (const { page } of tabs) await page.getByRole("heading", { name: "Logged out" }).waitFor();
    await vi.waitFor(async () => expect(await (await logIn(showcase, "ana")).links()).toBe(0), WAIT);
    await first?.page.getByRole("button", { name: "Open the inbox" }).click();
    if (first) await shows(first.page, ["stays"], 2);
    expect(tabs.flatMap(({ complaints }) => complaints).filter((line) => !IS_REVOKED.test(line))).toEqual([]);
  },
  SLOW_MS,
);

test(
  "nobody connected: one push, encrypted for the browser and signed by the server, that lives as long as its notification; somebody connected: none; a browser that is gone is forgotten",
  async () => {
    const service = await startPushService();
    const env = { EITHERWAY_PUSH_SERVICE: service.host, NODE_EXTRA_CA_CERTS: service.certificateFile };
    const showcase = await startShowcase({ env });
    const sender = await logIn(showcase, "ana");
    const browser = service.subscribe(await sender.publicKey());
    const gone = service.subscribe(await sender.publicKey());
    for (const { subscription } of [browser, gone]) {
      expect((await sender.post("push", subscription)).status).toBe(204);
    }
    const elsewhere = { ...browser.subscription, endpoint: "https://127.0.0.1:1/push" };
    expect((await sender.post("push", elsewhere)).status).toBe(422);

    gone.unsubscribe();
    const order = { key: "order-991", expiresAt: Date.now() + DAY_MS };
    const [id] = await Promise.all([sender.send("Grüße", order), sender.send("Grüße", order)]);
    await Promise.all([browser.arrived(1), gone.arrived(1)]);
    expect(browser.pushes).toEqual([{ ttl: expect.any(Number), content: { id, title: "Grüße", body: "" } }]);
    expect(Math.abs((browser.pushes[0]?.ttl ?? 0) - DAY_MS / 1_000)).toBeLessThan(60);

    const tab = await openInbox(await openContext(), showcase, "ana");
    await sender.send("seen");
    await shows(tab.page, ["seen", "Grüße"], 2);
    await tab.page.getByRole("button", { name: "Mark all read" }).click();
    await shows(tab.page, ["seen", "Grüße"], 0);
    await tab.page.close();
    // Its lease outlives the tab; what comes within it is looked at again when it is over.
    await sender.send("within the lease");
    await browser.arrived(2);
    expect(browser.pushes.map(({ content }) => (content as { title: string }).title)).toEqual([
      "Grüße",
      "within the lease",
    ]);
    expect([browser.asked, gone.asked]).toEqual([2, 1]);
  },
  SLOW_MS,
);

test(
  "what is pushed while no page is looked at is shown by the service worker, and taken away when it is read on another device",
  async () => {
    const showcase = await startShowcase();
    const sender = await logIn(showcase, "ana");
    const context = await openContext({ permissions: ["notifications"] });
    const { page, complaints } = await openInbox(context, showcase, "ana");
    const push = await pusherOf(page, showcase.origin);
    await page.getByRole("button", { name: "Allow notifications" }).click();
    await page.getByText("Shown by the browser while this page is hidden").waitFor();
    const id = await sender.send("told");
    await shows(page, ["told"], 1);
    await push({ id, title: "told", body: "A text." });
    await vi.waitFor(async () => expect(await shownByBrowser(page)).toEqual([["told", "A text.", id]]), WAIT);

    const other = await openInbox(await openContext(), showcase, "ana");
    await other.page.getByRole("button", { name: "Mark “told” read" }).click();
    await vi.waitFor(async () => expect(await shownByBrowser(page)).toEqual([]), WAIT);
    expect(complaints.filter((text) => !text.includes(NO_PUSH_HERE))).toEqual([]);
  },
  SLOW_MS,
);

/** Of Chromium, since browsers of tests are private windows: their pages can be subscribed nowhere. */
const NO_PUSH_HERE = "does not support the Push API in incognito mode";

/** Gives the service worker what a push service would. */
async function pusherOf(page: Page, origin: string): Promise<(content: object) => Promise<void>> {
  const devtools = await page.context().newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const [own] = registrations.filter(({ scopeURL }) => scopeURL === `${origin}/notifications/`);
      if (own) resolve(own.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  return async (content) => {
    const registrationId = await registered;
    await devtools.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data: JSON.stringify(content) });
  };
}

/** Title, text and tag of each. */
function shownByBrowser(page: Page): Promise<(readonly string[])[]> {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration("/notifications/sw.js");
    const shown = (await registration?.getNotifications()) ?? [];
    return shown.map(({ title, body, tag }) => [title, body, tag]);
  });
}

describe("the page", () => {
  test.each(SCREENS)(
    "%s: nothing hangs out to the side, no serious fault, and what comes moves nothing",
    async (_, options) => {
      const showcase = await startShowcase();
      const sender = await logIn(showcase, "ana");
      const context = await openContext(options);
      await context.clock.install({ time: Date.now() });
      const { page, complaints } = await openInbox(context, showcase, "ana");
      await sender.send("one", { body: "A text.", link: "/chat" });
      await shows(page, ["one"], 1);
      const endWatch = await watchLayoutShifts(page);
      await sender.send("A long title ".repeat(7), { body: "A long text of words ".repeat(20) });
      await sender.send("two", { expiresAt: Date.now() + HOUR_MS });
      await page.getByRole("heading", { name: "two" }).waitFor();
      await context.clock.fastForward(HOUR_MS);
      await page.getByRole("heading", { name: "two" }).waitFor({ state: "detached" });
      expect(await endWatch()).toEqual([]);
      expect(await sidewaysScroll(page)).toEqual([]);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
    SLOW_MS,
  );
});
