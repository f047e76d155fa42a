import { expect, onTestFinished, test } from "vitest";
import { createFaultNetwork, createSeededRandom } from "../../src/testing/index.ts";
import { openTab, startShowcase, type Tab, useBrowser } from "./support.ts";

const EACH = 200;
const SWITCHES = 5;
const CUTS_BY_BUTTON = 5;
const CUTS_OF_TCP = 5;
const LESS_THAN_A_MESSAGE = 150; // bytes on the wire
const CHOICES = ["WebSocket", "SSE", "Long-poll"] as const;
type Choice = (typeof CHOICES)[number];
const ROUND_MS = 240_000; // backoff after so many cuts takes its time

const openContext = useBrowser();

test(
  "Chromium: two tabs, 200 messages each way while the transport (websocket, sse, poll) is switched five times and the connection cut ten times at random places: every message exactly once, in order, in both (P1, P2, P3, P5)",
  async () => {
    const seed = Number(process.env.EITHERWAY_SEED ?? Math.trunc(Math.random() * 2 ** 31));
    console.info(`EITHERWAY_SEED=${seed}`); // the places are repeated with it
    const random = createSeededRandom(seed);
    const below = (end: number): number => Math.floor(random() * end);

    const showcase = await startShowcase();
    const network = await createFaultNetwork({ target: showcase.port, random });
    onTestFinished(() => network.close());
    const context = await openContext();
    const ana = await openTab(context, network.url);
    const bo = await openTab(context, network.url);
    const tabs = [ana, bo] as const;
    await Promise.all(tabs.map((tab) => tab.connected()));

    // What happens to whom, and after how many of this tab's own messages.
    const plans = new Map<Tab, Map<number, (() => Promise<void>)[]>>(tabs.map((tab) => [tab, new Map()]));
    const disturbed = new Map<Tab, number>(tabs.map((tab) => [tab, 0]));
    const plan = (disturb: (tab: Tab) => Promise<void>): void => {
      const tab = tabs[below(tabs.length)] ?? ana;
      const place = 1 + below(EACH - 1);
      const places = plans.get(tab);
      places?.set(place, [...(places.get(place) ?? []), () => disturb(tab)]);
    };
    const count = (tab: Tab): void => void disturbed.set(tab, (disturbed.get(tab) ?? 0) + 1);

    const chosen = new Map<Tab, Choice>();
    for (let n = 0; n < SWITCHES; n++) {
      const pick = below(CHOICES.length - 1);
      plan(async (tab) => {
        await tab.connected();
        const transport = CHOICES.filter((name) => name !== chosen.get(tab))[pick] ?? "SSE";
        chosen.set(tab, transport);
        await tab.choose(transport);
        count(tab);
      });
    }
    for (let n = 0; n < CUTS_BY_BUTTON; n++) {
      plan(async (tab) => {
        await tab.connected();
        await tab.cut();
        count(tab);
      });
    }
    for (let n = 0; n < CUTS_OF_TCP; n++) {
      const afterBytes = below(LESS_THAN_A_MESSAGE);
      plan(async (tab) => {
        // Again where the other tab's plan has just cut the same connections, which the page does not know yet.
        do await tab.connected();
        while (network.connections.length === 0);
        // Both tabs: half of the times now, else in the middle of the next message.
        if (n % 2 === 0) network.cutAll();
        else network.connections.forEach((one) => void one.set({ kind: "cut", direction: "down", afterBytes }));
      });
    }

    await Promise.all(
      tabs.map(async (tab) => {
        for (let number = 1; number <= EACH; number++) {
          await tab.send(String(number));
          for (const disturb of plans.get(tab)?.get(number) ?? []) await disturb();
        }
      }),
    );
    await Promise.all(tabs.map((tab) => tab.settled(2 * EACH)));

    const [ofAna, ofBo] = [await ana.readThrough(2 * EACH), await bo.readThrough(2 * EACH)];
    expect(ofAna.map(({ place }) => place)).toEqual(upTo(2 * EACH));
    expect(ofBo.map(({ id, text }) => ({ id, text }))).toEqual(ofAna.map(({ id, text }) => ({ id, text })));
    for (const shown of [ofAna, ofBo]) {
      for (const isOwn of [true, false]) {
        const texts = shown.filter((message) => message.isOwn === isOwn).map(({ text }) => text);
        expect(texts).toEqual(upTo(EACH).map(String));
      }
    }
    for (const tab of tabs) {
      expect(await tab.counter("Received")).toBe(2 * EACH);
      expect([await tab.counter("Lost"), await tab.counter("Doubled"), await tab.counter("Gaps")]).toEqual([0, 0, 0]);
      // The links did end: else nothing was shown.
      expect(await tab.counter("Resumes")).toBeGreaterThanOrEqual(disturbed.get(tab) ?? 0);
    }
    expect([...disturbed.values()].reduce((sum, n) => sum + n)).toBe(SWITCHES + CUTS_BY_BUTTON);
    expect(network.counters.cut).toBeGreaterThanOrEqual(CUTS_OF_TCP);
  },
  ROUND_MS,
);

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
