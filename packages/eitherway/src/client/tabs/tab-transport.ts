/**
 * The transport `shared`: frames come from a hub that other tabs use too, commands go by POST from this one.
 *
 * The hub is pinged, and given up when it leaves two pings unanswered. Pings are counted, not timed: in a hidden tab, where timers
 * run once a minute, a hub that answers is not taken for dead.
 */
import type { ArrivedError } from "../../protocol/index.ts";
import type { Undo, Wakeups } from "../ports.ts";
import {
  type ChannelFrame,
  type ClientLink,
  type ClientTransport,
  type Destination,
  type Greeting,
  type LinkEvents,
  type LinkFailure,
  NO_ROUTES,
  type Routes,
} from "../transport.ts";
import { createCommandPoster } from "../transports/commands.ts";
import { onceEnded } from "../transports/frames.ts";
import { type HubPort, type Interest, TAB_WIRE_VERSION, type TabSigns, type ToHub, type ToTab } from "./tab-wire.ts";

/** A way to a hub. It may remember what came of it. */
export interface HubWay {
  /** For sentences. */
  readonly name: string;
  /** Whether the platform has it and it has not failed for good. */
  usable(): boolean;
  /** Rejects where no hub can be reached. Closing the port gives up all that the way took for it. */
  reach(url: string, signal: AbortSignal): Promise<HubPort>;
  /** How long a hub may take to answer a hello. */
  readonly patienceMs: number;
  /** `heard`: a hub answered. `silent`: it did not, or stopped to. `foreign`: it is of another release. */
  report(outcome: "heard" | "silent" | "foreign"): void;
}

export interface TabTransportOptions {
  /** Best first. */
  readonly ways: readonly HubWay[];
  readonly user: string | undefined;
  isVisible(): boolean;
  /** The hub may be where nothing of this is heard. */
  readonly wakeups: Wakeups;
  /** Calls back when the page goes, for good or to be kept. */
  onPageGone(gone: () => void): Undo;
}

/** A hub that died is left after two to three of these, and another one serves before five seconds are over. */
const BEAT_MS = 800;
const MOST_UNANSWERED = 2;

/** Beats find a dead hub; this has to be more than the minute between two timers of a hidden tab, twice. */
const QUIET_MS = 150_000;

/** So often the hub hears how much was taken where it sends more than a beat can tell. */
const ACK_EVERY = 1_000;

export function createTabTransport(options: TabTransportOptions): ClientTransport {
  return {
    name: "shared",
    supported: () => options.ways.some((way) => way.usable()),
    idleMs: () => QUIET_MS / 2,
    quietMs: () => QUIET_MS,
    muteMs: () => Number.POSITIVE_INFINITY, // nothing stands between a tab and its hub
    open: (to, events) => openShared(to, events, options),
  };
}

function openShared(to: Destination, events: LinkEvents, options: TabTransportOptions): ClientLink {
  const { clock } = to;
  const end = onceEnded(events);
  const commands = createCommandPoster(to, events);
  const abort = new AbortController();
  /** Where frames of a number go, and the number of a channel. */
  const routesOf = new Map<number, Routes>();
  const numberOf = new Map<string, number>();
  let lastNumber = 0;
  let port: HubPort | undefined;
  let taken = 0;
  let unanswered = 0;
  let timer: Undo | undefined;
  let stopWakeups: Undo | undefined;
  let stopPageGone: Undo | undefined;

  // --- finding a hub ---

  /** Never rejects. */
  async function connect(): Promise<void> {
    const reasons: string[] = [];
    for (const way of options.ways) {
      if (end.over || !way.usable()) continue;
      const reason = await attempt(way);
      if (reason === undefined) return;
      reasons.push(`${way.name}: ${reason}`);
    }
    finish({ message: `no hub was reached (${reasons.join("; ")})` });
  }

  /** Why not, or `undefined` once a hub has answered. */
  async function attempt(way: HubWay): Promise<string | undefined> {
    let reached: HubPort;
    try {
      reached = await way.reach(to.url, abort.signal);
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown);
    }
    if (end.over) {
      reached.close();
      return undefined;
    }
    return await new Promise((resolve) => {
      const giveUp = (reason: string): void => {
        leave();
        resolve(reason);
      };
      let answered = false;
      port = reached;
      reached.listen({
        message(message) {
          if (end.over) return;
          unanswered = 0;
          events.alive();
          if (answered) take(message);
          else if (message.t === "here" && message.v === TAB_WIRE_VERSION) {
            answered = true;
            way.report("heard");
            settleIn(way);
            resolve(undefined);
          } else if (message.t === "here" || message.t === "ended") {
            way.report("foreign");
            giveUp(message.t === "ended" ? message.message : "the hub is of another release");
          }
        },
        closed() {
          if (answered) finish({ message: "the hub is gone" });
          else giveUp("the hub is gone");
        },
      });
      timer = clock.after(way.patienceMs, () => {
        way.report("silent");
        giveUp("no hub answers");
      });
      greet(reached);
    });
  }

  function greet(reached: HubPort): void {
    const { url, streamChange, who } = to;
    const { client, token } = who;
    reached.send({
      t: "hello",
      v: TAB_WIRE_VERSION,
      url,
      streamChange,
      client,
      interests: interestsOf(to.greet()),
      ...signs(),
      ...(options.user !== undefined && { user: options.user }),
      ...(token !== undefined && { token }),
    });
  }

  function settleIn(way: HubWay): void {
    timer?.();
    timer = clock.after(BEAT_MS, () => beat(way));
    stopPageGone = options.onPageGone(() => tell({ t: "bye" }));
    stopWakeups = options.wakeups({ woken: () => tell({ t: "woken" }), asleep() {} });
  }

  function beat(way: HubWay): void {
    if (unanswered >= MOST_UNANSWERED) {
      way.report("silent");
      finish({ message: "the hub does not answer any more" });
      return;
    }
    unanswered++;
    ping();
    timer = clock.after(BEAT_MS, () => beat(way));
  }

  // --- frames ---

  function take(message: ToTab): void {
    taken++;
    if (taken % ACK_EVERY === 0) ping();
    switch (message.t) {
      case "welcome":
        commands.welcome(message.frame);
        events.frame(message.frame, NO_ROUTES);
        return;
      case "frame":
        deliver(message.n, message.frame);
        return;
      case "ended": {
        const { message: reason, after } = message;
        // A word of ours: this way of connecting is all right, and the tab is to come back to it.
        finish({ message: reason, ...(after !== undefined && { code: "unavailable", after }) });
        return;
      }
      case "here":
      case "pong":
        return;
    }
  }

  function deliver(n: number, frame: ChannelFrame | ArrivedError): void {
    const routes = routesOf.get(n);
    if (routes) events.frame(frame, routes);
  }

  function interestsOf({ channels, routes }: Pick<Greeting, "channels" | "routes">): Interest[] {
    const interests: Interest[] = [];
    for (const [channel, from] of channels) {
      const sink = routes.get(channel);
      if (!sink) continue;
      const n = ++lastNumber;
      numberOf.set(channel, n);
      routesOf.set(n, new Map([[channel, sink]]));
      interests.push({ n, channel, from });
    }
    return interests;
  }

  function forget(channel: string): readonly number[] {
    const n = numberOf.get(channel);
    if (n === undefined) return [];
    numberOf.delete(channel);
    routesOf.delete(n);
    return [n];
  }

  function ping(): void {
    tell({ t: "ping", taken, ...signs() });
  }

  function signs(): TabSigns {
    return { visible: options.isVisible(), present: to.who.present === true };
  }

  function tell(message: ToHub): void {
    port?.send(message);
  }

  // --- the end ---

  /** Of this port; another way may follow. */
  function leave(): void {
    timer?.();
    timer = undefined;
    stopWakeups?.();
    stopWakeups = undefined;
    stopPageGone?.();
    stopPageGone = undefined;
    routesOf.clear();
    numberOf.clear();
    tell({ t: "bye" });
    port?.close();
    port = undefined;
  }

  function finish(failure: LinkFailure): void {
    leave();
    commands.close();
    end.ended(failure);
  }

  void connect();
  return {
    change(added, removed) {
      if (!port) return true; // the hello is still to come, and has them
      const again = [...added.channels.keys()];
      const gone = [...removed, ...again].flatMap(forget);
      tell({ t: "change", added: interestsOf(added), removed: gone, ...signs() });
      return true;
    },
    publish: commands.publish,
    announce: commands.announce,
    close() {
      end.over = true;
      abort.abort();
      leave();
      commands.close();
    },
  };
}
