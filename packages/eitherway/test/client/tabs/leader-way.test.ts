/** Which tab leads: by Web Locks and BroadcastChannels that the test plays, since Node has no locks. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientClock } from "../../../src/client/ports.ts";
import type { HubHost } from "../../../src/client/tabs/hub-host.ts";
import { createLeaderWay } from "../../../src/client/tabs/leader-way.ts";
import { type HubPort, TAB_WIRE_VERSION, type TabPort } from "../../../src/client/tabs/tab-wire.ts";
import { createFakeClock, createSeededRandom, type FakeClock } from "../../../src/testing/index.ts";

const SERVER = "http://127.0.0.1/eitherway";

let clock: FakeClock;
let kept: Map<string, string>;
let tabs = 0;

beforeEach(() => {
  clock = createFakeClock();
  kept = new Map();
  vi.stubGlobal("BroadcastChannel", createChannels());
  vi.stubGlobal("navigator", { locks: createLocks() });
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
});

afterEach(() => void vi.unstubAllGlobals());

async function pass(ms: number): Promise<void> {
  await clock.settle();
  for (let left = ms; left > 0; left -= 50) {
    clock.advance(50);
    await clock.settle();
  }
}

interface Tab {
  visible: boolean;
  frozen: boolean;
  /** Ports of tabs that came to the hub of this one, its own among them. */
  readonly accepted: TabPort[];
  /** Why its hub ended. */
  readonly ended: string[];
  /** Somebody begins or ceases to look at it. */
  look(visible: boolean): Promise<void>;
  /** Looks for a hub. What comes of it: a port, or the sentence why there is none. */
  reach(): Promise<{ port?: HubPort; why?: string }>;
}

function createTab(visible = true): Tab {
  let tell = (): void => {};
  const own: ClientClock = {
    ...clock,
    after: (ms, run) => clock.after(ms, () => !tab.frozen && run()),
  };
  const host: HubHost = {
    accept: (port) => void tab.accepted.push(port),
    hasVisible: () => true,
    close: (why) => void tab.ended.push(why),
  };
  let ids = 0;
  const name = `tab${++tabs}`;
  const way = createLeaderWay({
    clock: own,
    random: createSeededRandom(1),
    createId: () => `${name}.${++ids}`,
    isVisible: () => tab.visible,
    onVisibility(changed) {
      tell = changed;
      return () => {
        tell = () => {};
      };
    },
    createHost: async () => host,
  });
  const tab: Tab = {
    visible,
    frozen: false,
    accepted: [],
    ended: [],
    async look(next) {
      tab.visible = next;
      tell();
      await clock.settle();
    },
    async reach() {
      const result: { port?: HubPort; why?: string } = {};
      way.reach(SERVER, new AbortController().signal).then(
        (port) => {
          result.port = port;
        },
        (thrown: Error) => {
          result.why = thrown.message;
        },
      );
      await pass(2_500);
      return result;
    },
  };
  return tab;
}

describe("tabs without a worker", () => {
  test("have one that leads; the others are let in by it", async () => {
    const [first, second, third] = [createTab(), createTab(), createTab(false)];
    for (const tab of [first, second, third]) expect((await tab.reach()).port).toBeDefined();
    expect([first, second, third].map(({ accepted }) => accepted.length)).toEqual([3, 0, 0]);
  });

  test("have another one that leads once the first lets go", async () => {
    const [first, second] = [createTab(), createTab()];
    const { port } = await first.reach();
    port?.close();
    await clock.settle();
    expect(first.ended).toEqual(["the tab that led is gone"]);
    await second.reach();
    expect(second.accepted.length).toBe(1);
  });

  test("leave the lead to one that is looked at", async () => {
    const [hidden, seen] = [createTab(false), createTab()];
    const waiting = hidden.reach();
    await seen.reach();
    await waiting;
    expect([hidden.accepted.length, seen.accepted.length]).toEqual([0, 2]);
  });

  test("let a tab in once, however often it knocks", async () => {
    const tab = createTab();
    await tab.reach();
    const notices = new BroadcastChannel(`eitherway tabs ${TAB_WIRE_VERSION} ${SERVER}`);
    for (let i = 0; i < 3; i++) notices.postMessage({ t: "knock", tab: "t1" });
    await pass(100);
    expect(tab.accepted.length).toBe(2); // it, and its own tab
  });

  test("change the one that leads when nobody looks at it for 5 s, and somebody at another", async () => {
    const first = createTab();
    await first.reach();
    await first.look(false);
    await pass(3_000);
    await first.look(true); // a glance elsewhere
    await pass(6_000);
    expect(first.ended).toEqual([]);
    await first.look(false);
    await pass(5_000);
    expect(first.ended).toEqual(["a tab that somebody looks at is to lead"]);
  });

  test("take the lead from one that is frozen; it learns of that when it is thawed", async () => {
    const [first, second] = [createTab(), createTab()];
    await first.reach();
    first.frozen = true;
    expect((await second.reach()).port).toBeDefined();
    expect(second.accepted.length).toBe(1);
    expect(first.ended).toEqual(["another tab has taken the lead"]);
  });

  test("of many that find it frozen one takes the lead, and the others follow that one", async () => {
    const [first, ...others] = [createTab(), createTab(), createTab(), createTab()];
    await first?.reach();
    if (first) first.frozen = true;
    const reached = await Promise.all(others.map((tab, i) => pass(i * 50).then(() => tab.reach())));
    expect(reached.filter(({ port }) => port).length).toBe(3);
    expect(others.map(({ accepted }) => accepted.length).toSorted()).toEqual([0, 0, 3]);
  });

  test("take the lead at most every 30 s, so that a slow tab does not start a war", async () => {
    const [first, second, third] = [createTab(), createTab(), createTab()];
    await first.reach();
    first.frozen = true;
    await second.reach();
    second.frozen = true;
    const { why } = await third.reach();
    expect(why).toBe("the tab that leads does not answer, and another one did not a moment ago");
    await pass(30_000);
    expect((await third.reach()).port).toBeDefined();
    expect(third.accepted.length).toBe(1);
  });
});

// --- the platform ---

/** As in browsers: what one says, all others of that name hear, later. */
function createChannels() {
  const all = new Set<FakeChannel>();
  class FakeChannel {
    readonly name: string;
    onmessage: ((event: { readonly data: unknown }) => void) | null = null;
    constructor(name: string) {
      this.name = name;
      all.add(this);
    }
    postMessage(data: unknown): void {
      for (const other of all) {
        if (other !== this && other.name === this.name)
          queueMicrotask(() => all.has(other) && other.onmessage?.({ data }));
      }
    }
    close(): void {
      all.delete(this);
    }
  }
  return FakeChannel;
}

/** The part of the Web Locks API that is used: `ifAvailable` and `steal`. */
function createLocks() {
  const held = new Map<string, { lose(reason: Error): void }>();
  return {
    request(
      name: string,
      { steal = false }: { readonly steal?: boolean },
      run: (lock: object | null) => Promise<void> | undefined,
    ): Promise<void> {
      const holder = held.get(name);
      if (holder && !steal) return Promise.resolve(run(null));
      return new Promise((resolve, reject) => {
        const own = { lose: reject };
        held.set(name, own);
        holder?.lose(new Error("stolen"));
        void Promise.resolve(run({})).then(() => {
          if (held.get(name) === own) held.delete(name);
          resolve();
        });
      });
    },
  };
}
