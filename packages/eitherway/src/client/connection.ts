/** Runs the connection machine: owns the link, the timer and the watchdog, and carries frames between link, channels and outbox. */
import { type ArrivedFrame, EitherwayError, type WelcomeFrame } from "../protocol/index.ts";
import { type Effect, type Event, initialState, type State, step } from "./machine.ts";
import type { Outbox } from "./outbox.ts";
import type { ClientClock, Random, Undo, Wakeups } from "./ports.ts";
import type { Subscription } from "./subscription.ts";
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

export interface ConnectionOptions {
  readonly transports: readonly ClientTransport[];
  readonly order: readonly TransportName[];
  readonly destination: Omit<Destination, "greet" | "who">;
  readonly client: string;
  readonly token: string | (() => string | Promise<string>) | undefined;
  readonly clock: ClientClock;
  readonly random: Random;
  readonly wakeups: Wakeups;
  /** Subscriptions that the link should have. */
  wanted(): Map<string, Subscription>;
  /** Another link takes over. */
  restart(): void;
  readonly outbox: Outbox;
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
  use(order: readonly TransportName[]): void;
  reconnect(): void;
  /** The link cannot be trusted: it ends, and a fresh one goes on after a pause. */
  distrust(message: string): void;
  close(): void;
}

/** Waking up in a storm of events is one waking up. */
const WAKE_EVERY_MS = 1_000;

export function createConnection(options: ConnectionOptions): Connection {
  const { clock, random, outbox } = options;
  let state = initialState(options.order);
  let link: ClientLink | undefined;
  let welcome: WelcomeFrame | undefined;
  /** What the link has been asked for. */
  let asked = new Map<string, Subscription>();
  let updating = false;
  let opened = 0;
  let timer: Undo | undefined;
  let watchdog: Undo | undefined;
  let lastByteAt = clock.now();
  let lastWakeAt = Number.NEGATIVE_INFINITY;
  const stopWakeups = options.wakeups(woken);

  function dispatch(event: Event): void {
    const { name: before } = state;
    const { state: next, effects } = step(state, event, random);
    state = next;
    for (const effect of effects) run(effect);
    options.changed();
    const { code, message } = next.lastFailure ?? {};
    // What waits now may wait for ever, so somebody has to hear of it (P11). Last: a listener may connect again.
    if (next.name === "stopped" && before !== "stopped" && code)
      options.report(new EitherwayError(code, message ?? ""));
  }

  function run(effect: Effect): void {
    switch (effect.do) {
      case "timer":
        timer?.();
        timer = effect.ms === undefined ? undefined : clock.after(effect.ms, () => dispatch({ type: "timer" }));
        return;
      case "drop":
        dropLink();
        return;
      case "open":
        void openLink(effect.link, effect.transport);
        return;
    }
  }

  // --- links ---

  /** Never rejects: what goes wrong is an event. */
  async function openLink(number: number, name: TransportName): Promise<void> {
    const transport = options.transports.find((candidate) => candidate.name === name) as ClientTransport;
    let token: string | undefined;
    try {
      token = typeof options.token === "function" ? await options.token() : options.token;
    } catch (thrown) {
      dispatch({ type: "ended", link: number, failure: { message: `token() failed: ${String(thrown)}` } });
      return;
    }
    if (state.name !== "connecting" || state.link !== number) return; // given up while the token was on its way
    const who = { client: options.client, ...(token !== undefined && { token }) };
    options.restart();
    link = transport.open({ ...options.destination, who, greet }, eventsOf(number, transport));
  }

  /** Callbacks of a link that was given up find another number and do nothing. */
  function eventsOf(number: number, transport: ClientTransport): LinkEvents {
    const current = (): boolean => link !== undefined && state.link === number;
    return {
      alive() {
        lastByteAt = clock.now();
      },
      frame(frame, routes) {
        if (!current()) return;
        if (frame.t === "welcome") greeted(number, transport, frame);
        else take(number, frame, routes);
      },
      returned(commands, failure) {
        if (current()) outbox.returned(commands, failure);
      },
      ended(failure) {
        if (current()) lose(number, failure);
      },
    };
  }

  function greeted(number: number, transport: ClientTransport, frame: WelcomeFrame): void {
    const first = welcome === undefined;
    welcome = frame;
    if (first) {
      opened++;
      dispatch({ type: "opened", link: number });
      watch(number, transport.quietMs(frame.ping));
    }
    outbox.attach((command) => link?.publish(command), frame);
    update();
  }

  function take(number: number, frame: Exclude<ArrivedFrame, WelcomeFrame>, routes: Routes): void {
    switch (frame.t) {
      case "messages":
      case "live":
      case "gap":
        routes.get(frame.channel)?.take(frame);
        return;
      case "ok":
        outbox.answer(frame);
        return;
      case "error": {
        const { key, channel, code, message } = frame;
        if (key !== undefined) outbox.answer({ ...frame, key });
        else if (channel !== undefined) {
          const sink = routes.get(channel);
          if (sink && asked.get(channel) === sink) asked.delete(channel); // the link has it no more
          sink?.fail(code, message);
        } else options.report(new EitherwayError(code, message));
        return;
      }
      case "bye":
        lose(number, frame);
        return;
      case "ping":
        return;
    }
  }

  function lose(number: number, { code, message, after }: LinkFailure): void {
    dropLink();
    const failure = { message, ...(code !== undefined && { code }), ...(after !== undefined && { after }) };
    dispatch({ type: "ended", link: number, failure });
  }

  function dropLink(): void {
    watchdog?.();
    watchdog = undefined;
    outbox.detach();
    link?.close();
    link = undefined;
    welcome = undefined;
    asked = new Map();
  }

  /** A half-open connection never fails by itself; silence is the only sign. */
  function watch(number: number, quietMs: number): void {
    const left = lastByteAt + quietMs - clock.now();
    if (left > 0) watchdog = clock.after(left, () => watch(number, quietMs));
    else lose(number, { message: `nothing arrived for ${Math.round(quietMs - left)} ms` });
  }

  // --- channels ---

  function greet(): Greeting {
    const routes = options.wanted();
    asked = new Map(routes);
    return { ...cursorsOf(routes), settled: [...routes.values()].every(({ live }) => live) };
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
      else if (state.name === "open" && link) changeLink(link, wanted);
    });
  }

  function changeLink(link: ClientLink, wanted: Map<string, Subscription>): void {
    const added = new Map([...wanted].filter(([name, subscription]) => asked.get(name) !== subscription));
    const removed = [...asked.keys()].filter((name) => !wanted.has(name));
    if (added.size === 0 && removed.length === 0) return;
    asked = wanted;
    for (const subscription of added.values()) subscription.restart();
    if (!link.change({ ...cursorsOf(added), settled: false }, removed)) dispatch({ type: "reconnect" });
  }

  // --- the outside ---

  function woken(): void {
    const now = clock.now();
    if (now - lastWakeAt < WAKE_EVERY_MS) return;
    lastWakeAt = now;
    const quiet = welcome && state.transport && quietMsOf(state.transport, welcome.ping);
    dispatch({ type: "woken", stale: quiet !== undefined && now - lastByteAt > quiet / 2 });
  }

  function quietMsOf(name: TransportName, pingMs: number): number | undefined {
    return options.transports.find((transport) => transport.name === name)?.quietMs(pingMs);
  }

  return {
    get state() {
      return state;
    },
    get opened() {
      return opened;
    },
    update,
    use: (order) => dispatch({ type: "use", order }),
    reconnect: () => dispatch({ type: "reconnect" }),
    distrust: (message) => lose(state.link, { message }),
    close() {
      stopWakeups();
      dispatch({ type: "close" });
    },
  };
}
