/** Tabs come, go, freeze and change their channels while hubs die and the network breaks: nothing lost, doubled or reordered. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTabWorld, type Tab, type Watched, watch } from "./support.ts";

const CHANNELS = ["a", "b"];
const MOST_TABS = 4;

/** More than the ring keeps. */
const MANY = 300;

/** More messages than a walk has. */
const ALL = 100_000;

type Step =
  | { readonly do: "publish"; readonly channel: string; readonly count: number }
  | { readonly do: "open"; readonly channel: string; readonly from: "now" | "start" }
  | { readonly do: "listen"; readonly tab: number; readonly channel: string; readonly from: "now" | "start" }
  | { readonly do: "leave" | "close" | "freeze" | "self" | "share"; readonly tab: number }
  | { readonly do: "kill" | "end" | "cut" | "restart" }
  | { readonly do: "pass"; readonly ms: number };

const channel = fc.constantFrom(...CHANNELS);
const tab = fc.nat(MOST_TABS - 1);
const from = fc.constantFrom("now" as const, "start" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("publish" as const), channel, count: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("publish" as const), channel, count: fc.constant(MANY) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("open" as const), channel, from }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("listen" as const), tab, channel, from }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("leave" as const, "close" as const, "freeze" as const, "self" as const, "share" as const),
      tab,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "end" as const, "cut" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(0, 50, 200, 1_000, 4_000) }),
  },
);

interface Reader {
  readonly tab: Tab;
  readonly channel: string;
  readonly watched: Watched;
}

async function walk(seed: number, steps: readonly Step[], retention: number): Promise<void> {
  const world = createTabWorld({ retention: { messages: retention } }, seed);
  let tabs: Tab[] = [];
  let readers: Reader[] = [];
  const faults = (): string[] => all.flatMap((reader) => reader.watched.faults);
  const all: Reader[] = [];
  let count = 0;

  const listen = (to: Tab, name: string, start: "now" | "start"): void => {
    if (readers.some(({ tab, channel }) => tab === to && channel === name)) return;
    const title = `tab ${tabs.indexOf(to)}, reader ${++count} of ${name} from ${start}`;
    const watched = watch(to.client, name, start, { title, whole: retention >= ALL });
    const reader = { tab: to, channel: name, watched };
    readers.push(reader);
    all.push(reader);
  };

  for (const each of steps) {
    switch (each.do) {
      case "publish":
        await world.publish(each.channel, each.count);
        break;
      case "open": {
        if (tabs.length === MOST_TABS) break;
        const opened = world.openTab({ transport: ["shared", "sse", "poll"] });
        tabs.push(opened);
        listen(opened, each.channel, each.from);
        break;
      }
      case "kill":
        world.killHub();
        break;
      case "end":
        world.closeHub();
        break;
      case "cut":
        world.cutAll();
        break;
      case "restart":
        world.restartServer();
        break;
      case "pass":
        await world.pass(each.ms);
        break;
      default: {
        const chosen = tabs[each.tab];
        if (!chosen) break;
        if (each.do === "listen") listen(chosen, each.channel, each.from);
        else if (each.do === "self") chosen.client.use("sse");
        else if (each.do === "share") chosen.client.use(["shared", "sse", "poll"]);
        else if (each.do === "leave") {
          readers.find((reader) => reader.tab === chosen)?.watched.stop();
          readers = readers.filter((reader) => reader !== readers.find(({ tab }) => tab === chosen));
          await world.pass(100); // beyond the moment in which a listener may come back
        } else {
          if (each.do === "freeze") chosen.freeze();
          else chosen.close();
          tabs = tabs.filter((other) => other !== chosen);
          readers = readers.filter((reader) => reader.tab !== chosen);
        }
      }
    }
    await world.settle();
    expect(faults()).toEqual([]);
  }

  await world.pass(90_000);
  for (const name of CHANNELS) await world.publish(name, 1);
  await world.pass(5_000);
  expect(faults()).toEqual([]);
  for (const {
    tab: { client },
    channel,
    watched,
  } of readers) {
    expect([channel, watched.at]).toEqual([channel, world.published(channel)]);
    expect(client.status).toMatchObject({ state: "open", holes: 0 });
    if (retention >= ALL && !steps.some((each) => each.do === "restart")) expect(client.status.gaps).toBe(0);
  }
  for (const { client } of tabs) client.close();
  await world.pass(61_000);
}

describe("a random walk of tabs", () => {
  test("loses, doubles and reorders nothing where the log keeps all (P1, P2, P3)", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 5, maxLength: 40 }), (seed, steps) =>
        walk(seed, steps, ALL),
      ),
      { numRuns: 100 },
    );
  });

  test("tells in gaps what the log did not keep, and loses nothing else (P2)", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 5, maxLength: 40 }), (seed, steps) =>
        walk(seed, steps, 20),
      ),
      { numRuns: 100 },
    );
  });
});
