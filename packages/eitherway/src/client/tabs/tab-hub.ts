/**
 * The hub of one user and server: many tabs, one connection. It shares what comes down, never what goes up.
 *
 * It promises nothing that a tab could not do without it: every tab has its own cursors, so a hub may end at any moment, and a
 * tab that leaves it goes on where it stands (P3).
 */
import type { ClientClock, Undo } from "../ports.ts";
import type { Subscription } from "../subscription.ts";
import { createHubChannel, type HubChannel } from "./hub-channel.ts";
import {
  type Interest,
  TAB_WIRE_VERSION,
  type TabHello,
  type TabPort,
  type TabSigns,
  type ToHub,
  type ToTab,
} from "./tab-wire.ts";
import type { Upstream, UpstreamEvents } from "./upstream.ts";

export interface TabHubOptions {
  readonly clock: ClientClock;
  createUpstream(events: UpstreamEvents): Upstream;
  /** Nobody needs it any more, or it has nothing to give. It is closed. */
  over(): void;
}

export interface TabHub {
  /** A tab joins; the hub reads its port from here on. */
  join(port: TabPort, hello: TabHello): TabSeat;
  /** Whether a tab that is looked at has a seat, but for one. */
  hasVisible(but?: TabPort): boolean;
  /** `after`: its tabs are to come back then; without, to go on by themselves. */
  close(message: string, after?: number): void;
}

/** What a tab says, as it comes. */
export interface TabSeat {
  message(message: Exclude<ToHub, TabHello>): void;
  gone(): void;
}

/** How long a channel, and the hub, wait for somebody to come back: a reload, the way to the next page. */
const LINGER_MS = 2_000;

/** A server that is away longer may be out of reach for the hub alone, so tabs look for themselves. */
const OUTAGE_MS = 60_000;

/**
 * A tab that comes while the hub waits may know that the device woke up, so the hub tries again; but not with each of many tabs that
 * come again and again.
 */
const NUDGE_EVERY_MS = 5_000;

/** Hidden tabs have their timers run once a minute, so a tab that lives is heard between three looks. One that is frozen is not. */
const SWEEP_MS = 60_000;
const MOST_SILENT_SWEEPS = 3;

/** Messages on their way to one tab. Who does not read has them piled up in the browser's memory (P6). */
const MOST_UNTAKEN = 10_000;

/** Below half a lease of 10 s, with time for the way. */
const RENEW_MS = 4_000;

/**
 * Who is silent for longer may have crashed without a word, and is kept present no more. Pages that are looked at beat every 800 ms, unless
 * they are busy; hidden ones once a minute.
 */
const VISIBLE_SILENCE_MS = 10_000;
const HIDDEN_SILENCE_MS = 130_000;

interface Tab {
  readonly port: TabPort;
  readonly client: string;
  readonly leaves: Map<number, Undo>;
  /** What waits until the tab has its welcome. */
  early: ToTab[] | undefined;
  sent: number;
  taken: number;
  silentSweeps: number;
  visible: boolean;
  present: boolean;
  /** `clock.now()` when it said something the last time. */
  heardAt: number;
}

export function createTabHub(options: TabHubOptions): TabHub {
  const { clock } = options;
  const tabs = new Set<Tab>();
  const channels = new Map<string, HubChannel>();
  const lingers = new Map<string, Undo>();
  let token: string | undefined;
  /** It is soon over, and no tab has come with another one yet. */
  let expiring = false;
  let upstream: Upstream | undefined;
  /** The connection has been open: whatever holds it up now would hold up a tab's as well. */
  let proved = false;
  let downSince: number | undefined;
  /** It waits before it tries again. */
  let restsSince: number | undefined;
  let linger: Undo | undefined;
  let closed = false;
  let undoSweep = clock.after(SWEEP_MS, sweep);
  let renewal: Undo | undefined;

  // --- tabs ---

  function join(port: TabPort, hello: TabHello): TabSeat {
    const renewed = expiring && hello.token !== undefined;
    token = hello.token ?? token;
    const { client, visible, present } = hello;
    const tab: Tab = {
      ...{ port, client, visible, present },
      leaves: new Map(),
      early: [],
      sent: 0,
      taken: 0,
      silentSweeps: 0,
      heardAt: clock.now(),
    };
    tabs.add(tab);
    linger?.();
    linger = undefined;
    send(tab, { t: "here", v: TAB_WIRE_VERSION });
    const up = theUpstream();
    for (const interest of hello.interests) add(tab, interest);
    if (restsSince !== undefined && clock.now() - restsSince >= NUDGE_EVERY_MS) up.woken();
    changed();
    up.update();
    if (renewed) {
      expiring = false;
      up.reconnect();
    }
    keepLeases();
    return { message: (message) => take(tab, message), gone: () => leave(tab) };
  }

  function take(tab: Tab, message: Exclude<ToHub, TabHello>): void {
    if (!tabs.has(tab)) return;
    tab.silentSweeps = 0;
    tab.heardAt = clock.now();
    switch (message.t) {
      case "change":
        note(tab, message);
        for (const n of message.removed) remove(tab, n);
        for (const interest of message.added) add(tab, interest);
        return;
      case "ping":
        tab.taken = message.taken;
        note(tab, message);
        // By a timer: a page that the browser has frozen may go on to take messages, while its timers and its streams stand still.
        clock.after(0, () => {
          if (tabs.has(tab)) send(tab, { t: "pong" });
        });
        return;
      case "woken":
        upstream?.woken();
        return;
      case "bye":
        leave(tab);
        return;
    }
  }

  function note(tab: Tab, { visible, present }: TabSigns): void {
    tab.visible = visible;
    tab.present = present;
    keepLeases();
  }

  /** A tab is gone, or was told to go. */
  function leave(tab: Tab): void {
    if (!tabs.delete(tab)) return;
    for (const n of [...tab.leaves.keys()]) remove(tab, n);
    tab.port.close();
    if (tabs.size === 0 && !closed)
      linger = clock.after(proved && downSince !== undefined ? OUTAGE_MS : LINGER_MS, end);
  }

  function dismiss(tab: Tab, message: string, after?: number): void {
    send(tab, { t: "ended", message, ...(after !== undefined && { after }) });
    leave(tab);
  }

  function dismissAll(message: string, after?: number): void {
    for (const tab of [...tabs]) dismiss(tab, message, after);
  }

  function send(tab: Tab, message: ToTab): void {
    tab.sent++;
    tab.port.send(message);
  }

  function sendWhenWelcome(tab: Tab, message: ToTab): void {
    if (tab.early) tab.early.push(message);
    else if (tabs.has(tab)) send(tab, message);
    if (tab.sent - tab.taken > MOST_UNTAKEN) dismiss(tab, "the tab did not read what the hub sent it");
  }

  function sweep(): void {
    undoSweep = clock.after(SWEEP_MS, sweep);
    for (const tab of [...tabs]) {
      if (++tab.silentSweeps > MOST_SILENT_SWEEPS) dismiss(tab, "the hub heard nothing of the tab");
    }
  }

  // --- presence ---

  /** While a tab is present somewhere. Here, since the timers of a hidden tab run once a minute. */
  function keepLeases(): void {
    if (closed || renewal || ![...tabs].some(({ present }) => present)) return;
    renewal = clock.after(RENEW_MS, () => void renewLeases());
  }

  /** One after the other: browsers have six connections to a server. */
  async function renewLeases(): Promise<void> {
    for (const tab of [...tabs]) if (isPresent(tab)) await upstream?.renewLease(tab.client);
    renewal = undefined;
    keepLeases();
  }

  function isPresent(tab: Tab): boolean {
    const { visible, present, heardAt } = tab;
    return present && tabs.has(tab) && clock.now() - heardAt <= (visible ? VISIBLE_SILENCE_MS : HIDDEN_SILENCE_MS);
  }

  // --- channels ---

  function add(tab: Tab, { n, channel: name, from }: Interest): void {
    lingers.get(name)?.();
    lingers.delete(name);
    const channel = channels.get(name) ?? createChannel(name);
    const leaveChannel = channel.join(from, (frame) => {
      sendWhenWelcome(tab, { t: "frame", n, frame });
      if (frame.t === "error") remove(tab, n); // it was the last one
    });
    tab.leaves.set(n, () => {
      leaveChannel();
      if (channel.readers === 0) forgetSoon(name);
    });
  }

  function remove(tab: Tab, n: number): void {
    tab.leaves.get(n)?.();
    tab.leaves.delete(n);
  }

  function createChannel(name: string): HubChannel {
    const channel = createHubChannel(name, {
      clock,
      changed: () => upstream?.update(),
      hole: () => upstream?.distrust(`ids of ${name} do not join up with what was received`),
    });
    channels.set(name, channel);
    return channel;
  }

  function forgetSoon(name: string): void {
    lingers.get(name)?.();
    const forget = (): void => {
      lingers.delete(name);
      channels.delete(name);
      upstream?.update();
    };
    lingers.set(name, clock.after(LINGER_MS, forget));
  }

  // --- the connection ---

  /** Made with the first tab, since it is that one's token which tells whether there are tokens. */
  function theUpstream(): Upstream {
    upstream ??= options.createUpstream({
      wanted,
      get tabs() {
        return tabs.size;
      },
      get token() {
        return token;
      },
      expiring() {
        expiring = true;
        dismissAll("the token that the tabs share is soon over", 0); // each comes back with a new one
      },
      changed,
    });
    return upstream;
  }

  function wanted(): Map<string, Subscription> {
    const wanted = new Map<string, Subscription>();
    for (const [name, { feed }] of channels) if (feed) wanted.set(name, feed);
    return wanted;
  }

  /** Tabs are where the hub is: open when it is, and away when it waits, so that what they show is true (P11). */
  function changed(): void {
    if (closed || !upstream) return;
    const { state } = upstream;
    switch (state.name) {
      case "trying":
        restsSince = undefined;
        return;
      case "up":
        restsSince = undefined;
        proved = true;
        downSince = undefined;
        for (const tab of tabs) {
          const { early } = tab;
          if (!early) continue;
          tab.early = undefined;
          send(tab, { t: "welcome", frame: state.welcome });
          for (const message of early) send(tab, message);
        }
        return;
      case "down": {
        const now = clock.now();
        restsSince ??= now;
        downSince ??= now;
        const mayReturn = proved && now - downSince < OUTAGE_MS;
        // What the server told the hub holds for its tabs: each of them asking by itself is the last thing it needs.
        const after = state.toldMs === undefined ? undefined : Math.max(0, restsSince + state.toldMs - now);
        dismissAll(`the hub has no connection: ${state.message}`, after ?? (mayReturn ? 0 : undefined));
        return;
      }
      case "over":
        close(`the hub has no connection: ${state.message}`);
        options.over();
        return;
    }
  }

  function end(): void {
    close("nobody needs the hub");
    options.over();
  }

  function close(message: string, after?: number): void {
    if (closed) return;
    closed = true;
    dismissAll(message, after);
    linger?.();
    undoSweep();
    renewal?.();
    for (const undo of lingers.values()) undo();
    upstream?.close();
  }

  return {
    join,
    hasVisible: (but) => [...tabs].some(({ visible, port }) => visible && port !== but),
    close,
  };
}
