/** Runs the connection machine: owns links, timer and watchdog, and carries frames between the link in use, channels and outbox. */
import { type ArrivedFrame, EitherwayError, type WelcomeFrame } from "../protocol/index.ts";
import type { Announcement } from "./command.ts";
import { type Effect, type Event, initialState, type Machine, type State } from "./connection-state.ts";
import { type Moment, momentOf, msSince } from "./moment.ts";
import type { Outbox } from "./outbox.ts";
import { tooLarge } from "./outbox-refusals.ts";
import type { ClientClock, NetworkMemory, Random, Undo } from "./ports.ts";
import type { Subscription } from "./subscription.ts";
import type { Timeline } from "./timeline.ts";
import type {
  ClientLink,
  ClientTransport,
  Destination,
  Greeting,
  LinkEvents,
  LinkFailure,
  Routes,
  TransportName,
} from "./transport.ts";

/** What not every client has. */
export interface ConnectionParts {
  readonly machine: Machine;
  /** Default: what worked here before is not known. `url` is the server's. */
  createNetworkMemory?(url: string): NetworkMemory;
  /** Listens to the device. Default: nobody does; what it did to the links is found out by their silence. */
  readonly attend?: Attend | undefined;
  /** Hears of every step before it is carried out. */
  readonly timeline?: Pick<Timeline, "stepped">;
}

export interface ConnectionOptions extends ConnectionParts {
  readonly transports: readonly ClientTransport[];
  readonly order: readonly TransportName[];
  readonly destination: Omit<Destination, "greet" | "who">;
  readonly client: string;
  readonly token: string | (() => string | Promise<string>) | undefined;
  readonly clock: ClientClock;
  readonly random: Random;
  /** Subscriptions that the link should have. */
  wanted(): Map<string, Subscription>;
  /** The client is present in some channel: the link's hello has to say so. Default: never. */
  present?(): boolean;
  /** A link is in use, with a hello of its own. */
  linked?(): void;
  readonly outbox: Pick<Outbox, "size" | "attach" | "detach" | "answer" | "running" | "returned">;
  /** The token of the link in use is soon over. Default: it is asked for anew. */
  expiring?(): void;
  /** Something that the status tells has changed. */
  changed(): void;
  /** An error that belongs to no channel and no command: of the link, or the one that stopped the client. */
  report(error: EitherwayError): void;
}

export interface Connection {
  readonly state: State;
  /** Links that opened. */
  readonly opened: number;
  /** There may be more to do: a channel or command came, a channel went. */
  update(): void;
  /** Over the open link, in this moment; `false`: there is none, or it has no room. Throws `too-large`. */
  announce(announcement: Announcement): boolean;
  use(order: readonly TransportName[]): void;
  reconnect(): void;
  /** The link cannot be trusted: it ends, and a fresh one goes on after a pause. */
  distrust(message: string): void;
  close(): void;
}

/** What there is of a connection to look after. */
export interface Attended {
  readonly state: State;
  readonly links: ReadonlyMap<number, LinkInHand>;
  /** The one in use. */
  readonly current: LinkInHand | undefined;
  dispatch(event: Event): void;
}

/** Begins to listen to the device. */
export type Attend = (connection: Attended) => Undo;

/** What a healthy link's next byte may be late. */
export const LATE_MS = 1_000;

/** Between two looks at the link. A device that slept finds out this soon that its link did not live through it. */
const WATCH_MS = 5_000;

/** Long enough to take what has arrived while the program was busy. */
const LOOK_AGAIN_MS = 100;

/** A link, from the wish for it until it is over or given up. */
export interface LinkInHand {
  readonly number: number;
  readonly transport: ClientTransport;
  /** Absent while its token is on the way. */
  link?: ClientLink;
  welcome?: WelcomeFrame;
  /** What its last hello said. */
  greeting?: Greeting;
  /** What it has been asked for. */
  asked: Map<string, Subscription>;
  /** Its hello said that the client is present. */
  present: boolean;
  /** The last sign of life. */
  heard: Moment;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { clock, random, outbox, machine } = options;
  const memory = options.createNetworkMemory?.(options.destination.url);
  let state = initialState(options.order, memory?.recall());
  const links = new Map<number, LinkInHand>();
  /** The one whose frames count. */
  let current: LinkInHand | undefined;
  let updating = false;
  let opened = 0;
  let timer: Undo | undefined;
  let watchdog: Undo | undefined;
  const stopAttending = options.attend?.({
    links,
    get state() {
      return state;
    },
    get current() {
      return current;
    },
    dispatch,
  });

  function dispatch(event: Event): void {
    const before = state;
    const taken = machine.step(before, event, random);
    options.timeline?.stepped(before, event, taken);
    state = taken.state;
    for (const effect of taken.effects) run(effect);
    const { name, lastFailure } = taken.state;
    options.changed();
    // What waits now may wait for ever, so somebody has to hear of it (P11). Last: a listener may connect again.
    if (name !== before.name && name === "stopped" && lastFailure?.code) {
      options.report(new EitherwayError(lastFailure.code, lastFailure.message));
    }
  }

  function run(effect: Effect): void {
    switch (effect.do) {
      case "timer":
        timer?.();
        timer = effect.ms === undefined ? undefined : clock.after(effect.ms, () => dispatch({ type: "timer" }));
        return;
      case "drop":
        forget(effect.link);
        return;
      case "open":
        void openLink(effect.link, effect.transport);
        return;
      case "remember":
        memory?.remember(effect.transport);
        return;
    }
  }

  // --- links ---

  /** Never rejects: what goes wrong is an event. */
  async function openLink(number: number, name: TransportName): Promise<void> {
    const transport = options.transports.find((candidate) => candidate.name === name) as ClientTransport;
    const own: LinkInHand = { number, transport, asked: new Map(), present: false, heard: momentOf(clock) };
    links.set(number, own);
    let token: string | undefined;
    try {
      token = typeof options.token === "function" ? await options.token() : options.token;
    } catch (thrown) {
      lose(number, { message: `token() failed: ${String(thrown)}` });
      return;
    }
    if (!links.has(number)) return; // given up while the token was on its way
    const who = {
      client: options.client,
      token,
      get present() {
        return options.present?.() || undefined;
      },
    };
    own.link = transport.open({ ...options.destination, who, greet: () => greet(own) }, eventsOf(own));
  }

  /** Where no other token can be had the link goes on to its end. */
  async function refresh({ number, link }: LinkInHand, read: () => string | Promise<string>): Promise<void> {
    try {
      const token = await read();
      if (current?.number !== number) return;
      if (link?.refresh) link.refresh(token);
      else dispatch({ type: "reconnect" });
    } catch {
      // The next link asks again, and says what is wrong.
    }
  }

  /** Callbacks of a link that was given up do nothing. */
  function eventsOf(own: LinkInHand): LinkEvents {
    return {
      alive() {
        own.heard = momentOf(clock);
      },
      frame(frame, routes) {
        if (!links.has(own.number)) return;
        if (frame.t === "welcome") greeted(own, frame);
        else if (frame.t === "bye") lose(own.number, frame);
        else if (own === current) take(own, frame, routes);
      },
      returned(commands, failure) {
        if (own === current) outbox.returned(commands, failure);
      },
      ended(failure) {
        lose(own.number, failure);
      },
    };
  }

  function greeted(own: LinkInHand, frame: WelcomeFrame): void {
    own.welcome = frame;
    const isFresh = own !== current;
    if (isFresh) {
      if (own.greeting?.isStale()) {
        lose(own.number, { message: "a channel found its place on the other link meanwhile" });
        return;
      }
      dispatch({ type: "opened", link: own.number }); // drops the link that was in use
      if (!links.has(own.number)) return;
      current = own;
      opened++;
      // Those that ended since this link's hello as well: what answers them here is still to come. What is wanted beside them
      // begins when the link is asked for it.
      for (const subscription of own.asked.values()) subscription.restart();
      watch(own, frame.ping, momentOf(clock));
    }
    outbox.attach((command) => own.link?.publish(command), frame);
    if (isFresh) options.linked?.();
    update();
  }

  function take(own: LinkInHand, frame: Exclude<ArrivedFrame, WelcomeFrame>, routes: Routes): void {
    switch (frame.t) {
      case "messages":
      case "live":
      case "gap":
      case "presence":
        routes.get(frame.channel)?.take(frame);
        return;
      case "running":
        outbox.running(frame.key);
        return;
      case "refresh":
        if (options.expiring) options.expiring();
        else if (typeof options.token === "function") void refresh(own, options.token);
        return;
      case "ok":
        outbox.answer(frame);
        return;
      case "error": {
        const { key, channel, code, message } = frame;
        if (key !== undefined) outbox.answer({ ...frame, key });
        else if (channel !== undefined) {
          const sink = routes.get(channel);
          if (sink && own.asked.get(channel) === sink) own.asked.delete(channel); // the link has it no more
          sink?.fail(code, message);
        } else options.report(new EitherwayError(code, message));
        return;
      }
    }
  }

  function lose(number: number, { code, message, after }: LinkFailure): void {
    if (!links.has(number)) return;
    forget(number);
    dispatch({ type: "ended", link: number, failure: { code, message, after } });
  }

  function forget(number: number): void {
    const own = links.get(number);
    links.delete(number);
    if (own && own === current) {
      current = undefined;
      watchdog?.();
      outbox.detach();
    }
    own?.link?.close();
  }

  // --- signs of life ---

  /** A half-open connection never fails by itself; silence is the only sign. */
  function watch(own: LinkInHand, pingMs: number, openedAt: Moment): void {
    if (own !== current) return;
    const lookAfter = (ms: number): void => {
      const due = clock.now() + ms;
      // Whoever wakes up late has not yet taken what came meanwhile, and must not call the other end silent.
      watchdog = clock.after(ms, () => {
        if (clock.now() - due > LATE_MS) lookAfter(LOOK_AGAIN_MS);
        else watch(own, pingMs, openedAt);
      });
    };
    const { transport, heard, number } = own;
    const quietMs = transport.quietMs(pingMs);
    const quiet = msSince(heard, clock);
    if (quiet >= quietMs) {
      lose(number, { message: `nothing arrived for ${Math.round(quiet)} ms` });
      return;
    }
    const muteMs = machine.muteMs?.(transport, pingMs, heard.now - openedAt.now, own.asked.values()) ?? quietMs;
    if (quiet >= muteMs) {
      dispatch({ type: "mute", link: number });
      if (own !== current) return;
    }
    lookAfter(Math.min(WATCH_MS, quietMs - quiet, quiet < muteMs ? muteMs - quiet : WATCH_MS));
  }

  // --- channels ---

  function greet(own: LinkInHand): Greeting {
    const routes = options.wanted();
    own.asked = new Map(routes);
    own.present = options.present?.() ?? false;
    const { channels } = cursorsOf(routes);
    own.greeting = {
      channels,
      routes,
      settled: [...routes.values()].every(({ live }) => live),
      isStale: () => [...routes].some(([name, { received }]) => channels.get(name) === "now" && received !== "now"),
    };
    return own.greeting;
  }

  function cursorsOf(routes: ReadonlyMap<string, Subscription>) {
    return { channels: new Map([...routes].map(([name, { received }]) => [name, received])), routes };
  }

  /** At the end of the turn, so that channels that change together are one change of the link. */
  function update(): void {
    if (updating) return;
    updating = true;
    queueMicrotask(() => {
      updating = false;
      const wanted = options.wanted();
      if (state.name === "idle" && (wanted.size > 0 || outbox.size > 0)) dispatch({ type: "wanted" });
      else if (current?.link) changeLink(current, current.link, wanted);
    });
  }

  function changeLink(own: LinkInHand, link: ClientLink, wanted: Map<string, Subscription>): void {
    const added = new Map([...wanted].filter(([name, subscription]) => own.asked.get(name) !== subscription));
    const removed = [...own.asked.keys()].filter((name) => !wanted.has(name));
    const entered = !own.present && options.present?.() === true;
    if (added.size === 0 && removed.length === 0 && !entered) return;
    own.asked = wanted;
    own.present ||= entered;
    for (const subscription of added.values()) subscription.restart();
    if (!link.change(cursorsOf(added), removed)) dispatch({ type: "reconnect" });
  }

  return {
    get state() {
      return state;
    },
    get opened() {
      return opened;
    },
    update,
    announce(announcement) {
      const { link, welcome } = current ?? {};
      if (!link || !welcome) return false;
      const error = tooLarge(announcement, welcome);
      if (error) throw error;
      return link.announce(announcement);
    },
    use: (order) => dispatch({ type: "use", order }),
    reconnect: () => dispatch({ type: "reconnect" }),
    distrust(message) {
      if (current) lose(current.number, { message });
    },
    close() {
      stopAttending?.();
      dispatch({ type: "close" });
    },
  };
}
