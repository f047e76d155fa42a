/**
 * The way to a hub without workers: one tab leads, by a Web Lock, and has the hub; the others reach it by BroadcastChannels.
 *
 * A tab that is frozen keeps its lock for ever. So a lock whose holder does not answer is stolen; but rarely, since a holder that is
 * only slow would steal it back. Whoever lost it ends its hub and becomes one of the others, as does a leader that nobody looks
 * at when there is a tab that somebody does look at: the timers of hidden tabs are slow.
 */
import type { ClientClock, Random, Undo } from "../ports.ts";
import type { HubHost } from "./hub-host.ts";
import { createBroadcastPort, createPortPair } from "./port.ts";
import type { HubWay } from "./tab-transport.ts";
import { type HubPort, TAB_WIRE_VERSION, type TabPort, type ToHub, type ToTab } from "./tab-wire.ts";

export interface LeaderWayOptions {
  readonly clock: ClientClock;
  readonly random: Random;
  createId(): string;
  isVisible(): boolean;
  /** Calls back when somebody begins or ceases to look at the page. */
  onVisibility(changed: () => void): Undo;
  /** Loads what only a leader needs. */
  createHost(): Promise<HubHost>;
}

/** What is said on the channel that all tabs of a server share. */
type Notice =
  /** Who leads? `tab` is the name of the channel that is to be used. */
  | { readonly t: "knock"; readonly tab: string }
  | { readonly t: "open"; readonly tab: string }
  /** A new leader: knock again. */
  | { readonly t: "leading" };

/** A leader answers within milliseconds, unless it is frozen or busy. */
const KNOCK_MS = 300;

/** Who is hidden leaves the lead to others for as long as they may need to come back after their leader has gone. */
const DEFERENCE_MS = 1_500;

/** So that of many tabs which find their leader silent one steals, and the others hear of it. */
const STEAL_SPREAD_MS = 200;

/** A leader that is slow, not dead, must not start a war. */
const STEAL_EVERY_MS = 30_000;

/** A glance at another tab is no reason to change the leader. */
const HIDDEN_MS = 5_000;

const PATIENCE_MS = 1_000;

export function createLeaderWay(options: LeaderWayOptions): HubWay {
  return {
    name: "leading tab",
    usable: () => typeof BroadcastChannel === "function" && navigator.locks !== undefined,
    patienceMs: PATIENCE_MS,
    reach: (url, signal) => reach(`eitherway tabs ${TAB_WIRE_VERSION} ${url}`, signal, options),
    report() {}, // silence shows itself again when knocking
  };
}

async function reach(name: string, signal: AbortSignal, options: LeaderWayOptions): Promise<HubPort> {
  const { clock, random, isVisible } = options;
  const host = await options.createHost();
  const rest = (ms: number): Promise<void> => wait(clock, ms, signal);
  const lead = (steal = false) => takeLead(name, steal, host, options);
  const found = isVisible()
    ? ((await lead()) ?? (await knock(name, KNOCK_MS, signal, options)))
    : ((await knock(name, DEFERENCE_MS, signal, options)) ?? (await lead()));
  if (found) return found;

  await rest(random() * STEAL_SPREAD_MS);
  const late = await knock(name, KNOCK_MS, signal, options);
  if (late) return late;
  signal.throwIfAborted();
  if (!mayStealNow(name, clock))
    throw new Error("the tab that leads does not answer, and another one did not a moment ago");
  const stolen = await lead(true);
  if (!stolen) throw new Error("another tab was quicker to lead");
  return stolen;
}

// --- followers ---

/** A port to the tab that leads, or `undefined` when none answers in time. */
async function knock(
  name: string,
  ms: number,
  signal: AbortSignal,
  { clock, createId }: LeaderWayOptions,
): Promise<HubPort | undefined> {
  signal.throwIfAborted();
  const notices = new BroadcastChannel(name);
  const tab = `${name} ${createId()}`;
  const ask = (): void => notices.postMessage({ t: "knock", tab } satisfies Notice);
  const isOpen = await new Promise<boolean>((resolve) => {
    const undo = clock.after(ms, () => resolve(false));
    signal.addEventListener("abort", () => resolve(false), { once: true });
    notices.onmessage = ({ data }) => {
      const notice = data as Notice;
      if (notice.t === "leading") ask();
      if (notice.t !== "open" || notice.tab !== tab) return;
      undo();
      resolve(true);
    };
    ask();
  });
  notices.close();
  signal.throwIfAborted();
  return isOpen ? createBroadcastPort<ToTab, ToHub>(tab) : undefined;
}

// --- leaders ---

/** The port of this very tab to its own hub, or `undefined` where another tab holds the lock. Closing it ends the lead. */
function takeLead(
  name: string,
  steal: boolean,
  host: HubHost,
  options: LeaderWayOptions,
): Promise<HubPort | undefined> {
  return new Promise((resolve) => {
    let leading: Leading | undefined;
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (!lock) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((release) => {
        leading = startLeading(name, host, options, release);
        resolve(leading.port);
      });
    };
    if (steal) noteSteal(name, options.clock);
    navigator.locks.request(name, steal ? { steal } : { ifAvailable: true }, hold).catch(() => {
      leading?.stop("another tab has taken the lead"); // it found this one silent
      resolve(undefined);
    });
  });
}

interface Leading {
  readonly port: HubPort;
  stop(why: string): void;
}

function startLeading(name: string, host: HubHost, options: LeaderWayOptions, release: () => void): Leading {
  const { clock, isVisible } = options;
  const notices = new BroadcastChannel(name);
  const [own, hubEnd] = createPortPair<ToTab, ToHub>();
  /** Let in a moment ago: a tab knocks again when it hears of a new leader, which may have heard it already. */
  const lately = new Set<string>();
  let hidden: Undo | undefined;
  let over = false;

  notices.onmessage = ({ data }) => {
    const notice = data as Notice;
    if (notice.t === "knock") clock.after(0, () => letIn(notice.tab)); // not while frozen, see tab-hub.ts
  };

  function letIn(tab: string): void {
    if (over || lately.has(tab)) return; // two ends of one name would both hear the tab
    lately.add(tab);
    clock.after(DEFERENCE_MS, () => lately.delete(tab));
    host.accept(createBroadcastPort<ToHub, ToTab>(tab));
    notices.postMessage({ t: "open", tab } satisfies Notice);
  }

  function stop(why: string): void {
    if (over) return;
    over = true;
    hidden?.();
    undoVisibility();
    notices.close();
    host.close(why);
    release();
  }

  function look(): void {
    hidden?.();
    hidden = undefined;
    if (isVisible()) return;
    hidden = clock.after(HIDDEN_MS, () => {
      if (host.hasVisible(hubEnd as TabPort)) stop("a tab that somebody looks at is to lead");
      else look();
    });
  }

  const undoVisibility = options.onVisibility(look);
  host.accept(hubEnd as TabPort);
  notices.postMessage({ t: "leading" } satisfies Notice);
  look();
  return {
    port: {
      ...own,
      close() {
        own.close();
        stop("the tab that led is gone");
      },
    },
    stop,
  };
}

// --- stealing ---

/** Kept for all tabs, where there is storage. */
function noteSteal(name: string, { wall }: ClientClock): void {
  try {
    localStorage.setItem(`${name} stolen`, String(wall()));
  } catch {
    // forbidden: then each tab finds out by itself that the holder is silent
  }
}

function mayStealNow(name: string, { wall }: ClientClock): boolean {
  try {
    const since = wall() - Number(localStorage.getItem(`${name} stolen`));
    return since < 0 || since >= STEAL_EVERY_MS;
  } catch {
    return true;
  }
}

function wait(clock: ClientClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    clock.after(ms, resolve);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
