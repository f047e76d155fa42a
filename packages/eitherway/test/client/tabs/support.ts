/** Tabs with real clients, a real hub and a real server in one place: time, network and ports are the test's. */
import { onTestFinished } from "vitest";
import { type ClientPlatform, createSeamOn } from "../../../src/client/client.ts";
import type { Client, ClientOptions } from "../../../src/client/client-api.ts";
import type { ClientClock, DeviceEvents, Wakeups } from "../../../src/client/ports.ts";
import type { ClientSeam } from "../../../src/client/seam.ts";
import { createHubHost, type HubHost } from "../../../src/client/tabs/hub-host.ts";
import { createPortPair, type Port } from "../../../src/client/tabs/port.ts";
import { createTabTransport, type HubWay } from "../../../src/client/tabs/tab-transport.ts";
import type { HubPort, TabPort, ToHub, ToTab } from "../../../src/client/tabs/tab-wire.ts";
import { pollTransport } from "../../../src/client/transports/poll.ts";
import { sseTransport } from "../../../src/client/transports/sse.ts";
import type { ChannelTypes, Contract } from "../../../src/contract/index.ts";
import { parseId } from "../../../src/protocol/index.ts";
import type { EitherwayOptions, EitherwayParts } from "../../../src/server/index.ts";
import { createFakeClock, createSeededRandom, type FakeClock } from "../../../src/testing/index.ts";
import { createNetwork, URL_OF_SERVER } from "./network.ts";

export interface TabWorld {
  readonly clock: FakeClock;
  readonly server: EitherwayParts;
  /** Streams and polls that the server has open now: `stream`, `poll`. */
  readonly open: readonly string[];
  /** Subscriptions that the server has. */
  readonly subscriptions: number;
  /** Requests ever made, by door. */
  readonly requests: Readonly<Record<string, number>>;
  /** All of them. */
  readonly asked: number;
  /** Something on the way answers everything with 503 and these seconds as `Retry-After`; `undefined`: no longer. */
  setBusy(seconds: number | undefined): void;
  /** Publishes text messages, `m1`, `m2`, ..., and lets everything that follows happen. */
  publish(channel: string, count: number): Promise<void>;
  /** How many messages a channel has had. */
  published(channel: string): number;
  openTab(
    options?: Partial<ClientOptions> & { readonly user?: string; readonly ways?: number; readonly useful?: boolean },
  ): Tab;
  /** The hub stops, without a word. The next tab that looks for one starts another. */
  killHub(): void;
  /** The timers and the network of the hub stand still, though it takes messages. */
  freezeHub(): void;
  /** The hub says that it ends. */
  closeHub(): void;
  /** Requests fail from now on, or do no longer. */
  setNetwork(on: boolean): void;
  /** Cuts every request that is under way. */
  cutAll(): void;
  /** The server comes back with empty logs: messages begin at `m1` again, in another epoch. */
  restartServer(): void;
  settle(): Promise<void>;
  pass(ms: number): Promise<void>;
}

export interface Tab {
  readonly client: Client;
  /** What the client of a contract is built on. */
  readonly seam: ClientSeam;
  /** What the hub sends this tab, as it comes. */
  readonly heard: readonly ToTab[];
  /** Nothing reaches the tab any more, and nothing of it anybody: it is frozen. */
  freeze(): void;
  wake(): void;
  /** Nobody looks at it any more: its timers run once a minute. */
  hide(): void;
  /** The browser takes the page away, with a word to it and no time for more. */
  leavePage(): void;
  close(): void;
}

interface HubInWorld {
  readonly host: HubHost;
  dead: boolean;
  frozen: boolean;
}

/** What browsers allow the timers of a page that is hidden for long. */
const HIDDEN_TIMERS_MS = 60_000;

/** Long times pass in longer steps. */
const STEP_MS = 50;
const MOST_STEPS = 100;

export function createTabWorld(options: EitherwayOptions = {}, seed = 1, app?: Contract<ChannelTypes>): TabWorld {
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const network = createNetwork(clock, options, app);
  const counts = new Map<string, number>();
  let ids = 0;
  let hub: HubInWorld | undefined;

  const platform = {
    clock,
    random,
    createClientId: () => `c${++ids}`,
    createNetworkMemory: () => ({ recall: () => undefined, remember() {} }),
    baseUrl: undefined,
    transports: [sseTransport, pollTransport],
  };

  /** Time as somebody has it who may be frozen. */
  const stoppable = (isFrozen: () => boolean): ClientClock => ({
    wall: clock.wall,
    now: clock.now,
    after: (ms, run) =>
      clock.after(ms, () => {
        if (!isFrozen()) run();
      }),
  });

  function theHub(): HubInWorld {
    if (hub) return hub;
    const made: HubInWorld = {
      dead: false,
      frozen: false,
      host: createHubHost({
        ...platform,
        clock: stoppable(() => made.frozen),
        wakeups: () => () => {},
        createId: platform.createClientId,
      }),
    };
    hub = made;
    return made;
  }

  /** Timers wait for the next full minute while `isHidden`. */
  const slowable = (isHidden: () => boolean, own: ClientClock): ClientClock => ({
    ...own,
    after(ms, run) {
      const due = clock.now() + ms;
      return own.after(isHidden() ? Math.ceil(due / HIDDEN_TIMERS_MS) * HIDDEN_TIMERS_MS - clock.now() : ms, run);
    },
  });

  function openTab({ user, ways = 1, useful = true, ...clientOptions }: Parameters<TabWorld["openTab"]>[0] = {}): Tab {
    const heard: ToTab[] = [];
    let frozen = false;
    let hidden = false;
    let pageGone = (): void => {};
    const devices = new Set<DeviceEvents>();
    const wakeups: Wakeups = (device) => {
      devices.add(device);
      return () => devices.delete(device);
    };
    const way: HubWay = {
      name: "memory",
      usable: () => ways > 0,
      patienceMs: 1_000,
      report() {},
      async reach() {
        const own = theHub();
        const [tabEnd, hubEnd] = createPortPair<ToTab, ToHub>();
        own.host.accept(unless(() => own.dead, hubEnd as TabPort));
        return unless(
          () => frozen,
          tabEnd as HubPort,
          (message) => heard.push(message),
        );
      },
    };
    const transport = createTabTransport({
      ways: [way],
      user,
      isVisible: () => !hidden,
      wakeups,
      onPageGone(gone) {
        pageGone = gone;
        return () => {};
      },
    });
    const own = slowable(
      () => hidden,
      stoppable(() => frozen),
    );
    const whole: ClientPlatform = { ...platform, clock: own, wakeups };
    const seam = createSeamOn(whole, {
      url: URL_OF_SERVER,
      share: { transport, isUseful: () => useful, onLogout: () => () => {} },
      ...clientOptions,
    });
    const { client } = seam;
    onTestFinished(async () => {
      void client.close(); // who is present waits for the answer to a leave, in a time that passes no more
      await settle();
    });
    return {
      client,
      seam,
      heard,
      freeze() {
        frozen = true;
      },
      wake() {
        for (const { woken } of [...devices]) woken();
      },
      hide() {
        hidden = true;
      },
      leavePage() {
        pageGone();
        frozen = true;
      },
      close: () => void client.close(),
    };
  }

  async function settle(): Promise<void> {
    do await clock.settle();
    while (network.pump());
  }

  return {
    clock,
    get server() {
      return network.server;
    },
    get open() {
      return network.open;
    },
    get subscriptions() {
      const { reading, live, lagging } = network.server.eitherway.stats().subscriptions;
      return reading + live + lagging;
    },
    requests: network.requests,
    get asked() {
      return network.asked;
    },
    setBusy: network.setBusy,
    async publish(channel, count) {
      for (let i = 0; i < count; i++) {
        const n = (counts.get(channel) ?? 0) + 1;
        counts.set(channel, n);
        await network.server.eitherway.publish(channel, `m${n}`, { kind: "text" });
      }
      await settle();
    },
    published: (channel) => counts.get(channel) ?? 0,
    openTab,
    killHub() {
      if (!hub) return;
      hub.dead = true;
      hub.host.close("dead");
      hub = undefined;
    },
    freezeHub() {
      if (!hub) return;
      hub.frozen = true;
      network.stall();
      hub = undefined;
    },
    closeHub() {
      hub?.host.close("the hub was asked to end");
      hub = undefined;
    },
    setNetwork: network.set,
    cutAll: network.cutAll,
    restartServer() {
      network.restart();
      counts.clear();
    },
    settle,
    async pass(ms) {
      await settle();
      const step = Math.max(STEP_MS, ms / MOST_STEPS);
      for (let left = ms; left > 0; left -= step) {
        clock.advance(Math.min(left, step));
        await settle();
      }
    },
  };
}

/** A port that loses everything, both ways, while `isDead`. */
function unless<In, Out>(
  isDead: () => boolean,
  port: Port<In, Out>,
  overhear: (message: In) => void = () => {},
): Port<In, Out> {
  return {
    send(message) {
      if (!isDead()) port.send(message);
    },
    listen({ message, closed }) {
      port.listen({
        message(given) {
          if (isDead()) return;
          overhear(given);
          message(given);
        },
        closed() {
          if (!isDead()) closed();
        },
      });
    },
    close() {
      if (!isDead()) port.close();
    },
  };
}

// --- what a tab sees ---

/** Everything that a channel delivers, checked as it comes: seqs count up by one, or a gap says why not. */
export interface Watched {
  readonly seen: string[];
  readonly faults: string[];
  /** The last seq. */
  readonly at: number | undefined;
  stop(): void;
}

/** @param whole whether the log keeps all, so that what is read from `start` begins with the first message */
export function watch(
  client: Client,
  name: string,
  from: "now" | "start" = "now",
  { title = name, whole = true } = {},
): Watched {
  const channel = client.channel<string>(name, { from });
  const seen: string[] = [];
  const faults: string[] = [];
  let at: number | undefined = from === "start" && whole ? 0 : undefined;
  const seqOf = (id: string): number => parseId(id)?.seq ?? Number.NaN;
  const undoMessages = channel.on("message", (data, { id }) => {
    const seq = seqOf(id);
    if (at !== undefined && seq !== at + 1) faults.push(`${title}: ${seq} after ${at}`);
    if (data !== `m${seq}`) faults.push(`${title}: ${data} as ${seq}`);
    at = seq;
    seen.push(data);
  });
  const undoGaps = channel.on("gap", ({ why, head }) => {
    at = seqOf(head);
    seen.push(`gap ${why}`);
  });
  const undoLives = channel.on("live", (id) => {
    const seq = seqOf(id);
    if (at !== undefined && seq !== at) faults.push(`${title}: live at ${seq}, was at ${at}`);
    at = seq;
  });
  return {
    seen,
    faults,
    get at() {
      return at;
    },
    stop() {
      for (const undo of [undoMessages, undoGaps, undoLives]) undo();
    },
  };
}

export const numbered = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `m${first + i}`);
