/**
 * The connection as a pure machine: which transport to try, when to try again, when to change, when to stop. No clock, no
 * sockets: a step takes a state and an event and returns the next state and what is to be done.
 *
 * A round tries the transports in turn, the last good one first: the next one begins when one fails, or joins the race when one
 * is not open soon. Between rounds there is a backoff, which starts small again only after a link has held for a while, so a
 * server that takes links and drops them is not hammered. While the link in use is not the best one, the better ones are
 * probed beside it, ever more rarely.
 */
import {
  type Effect,
  type Event,
  type Link,
  linksOf,
  type Machine,
  type Memory,
  memory,
  type State,
  type Step,
} from "./connection-state.ts";
import type { Random } from "./ports.ts";
import { dropAll, launch, NO_TIMER, notOpenIn, opened, RACE_MS, rest, retreat, stay } from "./steps.ts";
import { CONNECT_MS, type LinkFailure, type TransportName } from "./transport.ts";

/** The first wait before better transports are probed, and the longest: each failed probe doubles it. */
export const PROBE_MS = 60_000;
const LONGEST_PROBE_MS = 30 * 60_000;

/** So many links of one transport in a row that open and soon break are no accident: something on the way does not let it live. */
const MOST_BRIEF = 2;

/** What comes this long after the opening was not sent with it: the link lets things through as they happen. */
const PULSE_MS = 500;

/** A channel that is not live although not even a ping came for so long: the end of its replay is held back. */
const MUTE_PINGS = 1.5;

export const machine: Machine = {
  step,
  muteMs(transport, pingMs, heardAfterMs, channels) {
    if (heardAfterMs <= PULSE_MS) return transport.muteMs(pingMs);
    return [...channels].every(({ live }) => live) ? transport.quietMs(pingMs) : MUTE_PINGS * pingMs;
  },
};

/** `random` is drawn from for pauses only. */
export function step(state: State, event: Event, random: Random): Step {
  // News of a link that was given up.
  if ("link" in event && !linksOf(state).some(({ link }) => link === event.link)) return stay(state);
  const cell = TABLE[state.name][event.type] as ((state: State, event: Event, random: Random) => Step) | undefined;
  return cell?.(state, event, random) ?? stay(state);
}

// --- the table ---

type StateName = State["name"];
type EventType = Event["type"];
type StateOf<S extends StateName> = Extract<State, { name: S }>;
type EventOf<E extends EventType> = Extract<Event, { type: E }>;
type Table = {
  readonly [S in StateName]: {
    readonly [E in EventType]?: (state: StateOf<S>, event: EventOf<E>, random: Random) => Step;
  };
};

const begin = (state: State): Step => beginRound(state, plan(state));
const restart = (state: State): Step => begin({ ...state, round: 0 });
const wakeUp = (state: State): Step => begin({ ...state, probes: 0 });
const reorder = (state: State, { order }: EventOf<"use">): State => ({ ...state, order, good: undefined, doubted: [] });
const switchTo = (state: State, event: EventOf<"use">): Step => restart(reorder(state, event));
const sleep = (state: State): Step => rest(state, "asleep");
const close = (state: State): Step => rest(state, "closed");

/** What is not here does nothing. The table of machine.test.ts has every cell: no new state or event compiles there undecided. */
const TABLE: Table = {
  idle: {
    wanted: begin,
    use: (state, event) => stay(reorder(state, event)),
    reconnect: begin,
    close,
  },
  connecting: {
    opened: (state, { link }) => opened(state, link),
    ended: (state, { link, failure }, random) => failed(state, link, failure, random),
    timer: (state, _event, random) => notOpen(state, random),
    woken: (state, { stale }) => (stale ? wakeUp(state) : stay(state)),
    asleep: sleep,
    use: switchTo,
    reconnect: restart,
    close,
  },
  open: {
    opened: (state, { link }) => (link === state.current.link ? stay(state) : opened(state, link)), // a poll says it each time
    mute: (state, { link }) => (link === state.current.link ? demote(state) : stay(state)),
    ended: (state, { link, failure }, random) =>
      link === state.current.link ? lost(state, failure, random, link) : nextProbe(state, state.left, random),
    timer: (state, _event, random) => (state.young ? grown(state, random) : probeTimer(state, random)),
    woken: (state, { stale }) => (stale ? wakeUp(state) : stay(state)),
    asleep: sleep,
    use: switchTo,
    reconnect: restart,
    close,
  },
  waiting: {
    timer: begin,
    woken: (state) => (state.told ? stay(state) : wakeUp(state)),
    asleep: (state) => (state.told ? stay(state) : sleep(state)), // nothing is open, and the time still counts
    use: switchTo,
    reconnect: restart,
    close,
  },
  asleep: {
    woken: wakeUp,
    use: (state, event) => stay(reorder(state, event)),
    reconnect: restart,
    close,
  },
  stopped: {
    use: switchTo,
    reconnect: restart,
    close,
  },
  closed: {},
};

// --- rounds ---

/** The order of a round: what was good first, what is doubted last. */
function plan({ order, good, doubted }: Memory): readonly TransportName[] {
  const rank = (name: TransportName): number => (doubted.includes(name) ? 2 : name === good ? 0 : 1);
  return [...order].sort((one, other) => rank(one) - rank(other));
}

/** @param why why the first one; by default what the plan was made of */
function beginRound(state: State, [first, ...left]: readonly TransportName[], why?: string): Step {
  const { order, good, round } = state;
  const reason =
    why ??
    (order.length === 1
      ? `${first} was chosen by the application`
      : first === good
        ? `${first} worked the last time`
        : `${first} is the first choice`);
  const next = { ...memory(state), round: round + 1 };
  return launch(next, [], first as TransportName, left, reason, dropAll(state));
}

/** A link that did not open. Where nobody said why, the transport may be at fault: the next one has its turn. */
function failed(state: StateOf<"connecting">, link: number, failure: LinkFailure, random: Random): Step {
  const racing = state.racing.filter((each) => each.link !== link);
  const [next, ...left] = state.left;
  if (failure.code !== undefined || failure.after !== undefined) return lost(state, failure, random, link);
  if (next !== undefined) {
    const { transport } = state.racing.find((each) => each.link === link) as Link;
    const why = `${transport} did not get through: ${failure.message}`;
    return launch({ ...memory(state), lastFailure: failure }, racing, next, left, why);
  }
  if (racing.length === 0) return lost(state, failure, random, link);
  return stay({ ...state, racing, lastFailure: failure });
}

function notOpen(state: StateOf<"connecting">, random: Random): Step {
  const [next, ...left] = state.left;
  const slow = state.racing.map(({ transport }) => transport).join(" and ");
  if (next !== undefined) {
    return launch(memory(state), state.racing, next, left, notOpenIn(RACE_MS, slow));
  }
  return lost(state, { message: notOpenIn(CONNECT_MS, slow) }, random);
}

/** `ended` is a link that is over already. */
function lost(state: StateOf<"connecting" | "open">, failure: LinkFailure, random: Random, ended?: number): Step {
  return retreat(state, { ...memory(state), ...doubts(state, failure, ended) }, failure, random, ended);
}

// --- doubts and probes ---

/**
 * A link that opens and soon breaks without a word from the other end, and again: its transport does not live here. And one that
 * something on the way puts off, and again: others may get through.
 */
function doubts(
  state: StateOf<"connecting" | "open">,
  { code, after }: LinkFailure,
  ended: number | undefined,
): Partial<Memory> {
  const counts = state.name === "open" ? state.young : after !== undefined;
  if (code !== undefined || !counts) return {};
  const { transport } = linksOf(state).find(({ link }) => link === ended) ?? (state.last as Link);
  const times = state.brief?.transport === transport ? state.brief.times + 1 : 1;
  return times < MOST_BRIEF ? { brief: { transport, times } } : doubt(state, transport);
}

function doubt({ doubted, good }: Memory, transport: TransportName) {
  return {
    brief: undefined,
    doubted: [...doubted.filter((name) => name !== transport), transport],
    good: good === transport ? undefined : good,
  };
}

/** What comes after a mute transport holds back less. */
function demote(state: StateOf<"open">): Step {
  const { order, current } = state;
  const at = order.indexOf(current.transport);
  const doubted = { ...state, ...doubt(state, current.transport) };
  const usable = [...order.slice(at + 1), ...order.slice(0, at)].filter((name) => !state.doubted.includes(name));
  if (usable.length === 0) return stay(state); // nothing better is left
  const others = plan(doubted).filter((name) => !usable.includes(name));
  const why = `${current.transport} was open but mute: something on the way holds back what the server sends`;
  return beginRound(doubted, [...usable, ...others], why);
}

/** It held: from here on it counts as good, and better ones may be looked for. */
function grown(state: StateOf<"open">, random: Random): Step {
  const { transport } = state.current;
  const doubted = state.doubted.filter((name) => name !== transport);
  const probes = better(state).length === 0 ? 0 : state.probes;
  const next = { ...state, young: false, good: transport, doubted, brief: undefined, round: 0, probes };
  const { state: after, effects } = nextProbe(next, [], random);
  const remember: readonly Effect[] = state.order.length > 1 ? [{ do: "remember", transport }] : []; // a choice teaches nothing
  return { state: after, effects: [...remember, ...effects] };
}

function better({ order, current }: StateOf<"open">): readonly TransportName[] {
  return order.slice(0, order.indexOf(current.transport));
}

function probeTimer(state: StateOf<"open">, random: Random): Step {
  const { probe } = state;
  if (!probe) return nextProbe({ ...state, probes: state.probes + 1 }, better(state), random);
  const { state: next, effects } = nextProbe(state, state.left, random);
  return { state: next, effects: [{ do: "drop", link: probe.link }, ...effects] };
}

/** Probes the first of these; without one, better ones are probed after a while. */
function nextProbe(state: StateOf<"open">, [transport, ...left]: readonly TransportName[], random: Random): Step {
  if (transport === undefined) {
    const idle = { ...state, probe: undefined, left: [] };
    if (better(state).length === 0) return { state: idle, effects: [NO_TIMER] };
    const most = Math.min(LONGEST_PROBE_MS, PROBE_MS * 2 ** state.probes);
    return { state: idle, effects: [{ do: "timer", ms: Math.round(most * (0.5 + random() / 2)) }] };
  }
  const probe = { link: state.links + 1, transport, why: `${transport} is better, and was tried again` };
  return {
    state: { ...state, probe, left, links: probe.link },
    effects: [
      { do: "timer", ms: CONNECT_MS },
      { do: "open", link: probe.link, transport },
    ],
  };
}
