/**
 * The connection as a pure machine: which transport to try, when to try again, when to stop. No clock, no sockets: a step takes
 * a state and an event and returns the next state and what is to be done.
 *
 * A round tries each transport once, the last good one first, without a pause; between rounds there is a backoff. The backoff
 * starts small again only after a link has held for a while, so a server that takes links and drops them is not hammered.
 */
import { isRetryable } from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import type { Random } from "./ports.ts";
import { CONNECT_MS, type LinkFailure, type TransportName } from "./transport.ts";

/** A link that lived this long was good. */
const HEALTHY_MS = 10_000;

/** What every state remembers. */
interface Memory {
  /** Transports to try, best first. Never empty. */
  readonly order: readonly TransportName[];
  /** The transport of the last link that held. */
  readonly good: TransportName | undefined;
  /** Rounds begun since a link held. */
  readonly attempt: number;
  /** In use, or tried last. */
  readonly transport: TransportName | undefined;
  readonly why: string;
  readonly lastFailure: LinkFailure | undefined;
  /** Number of the newest link; links count from 1. */
  readonly link: number;
}

export type State =
  | ({ readonly name: "idle" } & Memory)
  | ({ readonly name: "connecting"; readonly left: readonly TransportName[] } & Memory)
  | ({ readonly name: "open" } & Memory)
  /** `told`: the other end named the time, so waking up does not shorten it. */
  | ({ readonly name: "waiting"; readonly ms: number; readonly told: boolean } & Memory)
  | ({ readonly name: "stopped" } & Memory)
  | ({ readonly name: "closed" } & Memory);

export type Event =
  /** There is something to do: a channel or a command. */
  | { readonly type: "wanted" }
  /** `welcome` arrived. */
  | { readonly type: "opened"; readonly link: number }
  | { readonly type: "ended"; readonly link: number; readonly failure: LinkFailure }
  /** The time of the last `timer` effect has come. */
  | { readonly type: "timer" }
  /** The device came to life. `stale`: nothing arrived for longer than a heartbeat. */
  | { readonly type: "woken"; readonly stale: boolean }
  | { readonly type: "use"; readonly order: readonly TransportName[] }
  | { readonly type: "reconnect" }
  | { readonly type: "close" };

export type Effect =
  | { readonly do: "open"; readonly link: number; readonly transport: TransportName }
  | { readonly do: "drop"; readonly link: number }
  /** Replaces the timer that runs; `undefined` only ends it. */
  | { readonly do: "timer"; readonly ms: number | undefined };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function initialState(order: readonly TransportName[]): State {
  const nothing = { good: undefined, attempt: 0, transport: undefined, lastFailure: undefined, link: 0 };
  return { name: "idle", order, why: "nothing to do yet", ...nothing };
}

/** `random` is drawn from for backoff only. */
export function step(state: State, event: Event, random: Random): Step {
  // News of a link that was given up.
  if ("link" in event && event.link !== state.link) return stay(state);
  const cell = TABLE[state.name][event.type] as (state: State, event: Event, random: Random) => Step;
  return cell(state, event, random);
}

// --- the table ---

type StateName = State["name"];
type EventType = Event["type"];
type StateOf<S extends StateName> = Extract<State, { name: S }>;
type EventOf<E extends EventType> = Extract<Event, { type: E }>;
type Table = {
  readonly [S in StateName]: {
    readonly [E in EventType]: (state: StateOf<S>, event: EventOf<E>, random: Random) => Step;
  };
};

const stay = (state: State): Step => ({ state, effects: [] });
const begin = (state: State): Step => beginRound(state, []);
const restart = (state: State): Step => beginRound({ ...state, attempt: 0 }, drop(state));
const close = (state: State): Step => ({ state: { ...memory(state), name: "closed" }, effects: [NO_TIMER] });
const dropAndClose = (state: State): Step => ({ ...close(state), effects: [...drop(state), NO_TIMER] });

/** Complete by its type: a new state or event does not compile until every cell is decided. */
const TABLE: Table = {
  idle: {
    wanted: begin,
    opened: stay,
    ended: stay,
    timer: stay,
    woken: stay,
    use: (state, { order }) => stay({ ...state, order, good: undefined }),
    reconnect: begin,
    close,
  },
  connecting: {
    wanted: stay,
    opened: (state) => ({
      state: { ...memory(state), name: "open" },
      effects: [{ do: "timer", ms: HEALTHY_MS }],
    }),
    ended: (state, { failure }, random) => failed(state, failure, random),
    timer: (state, _event, random) => {
      const failure = { message: `${state.transport} did not open within ${CONNECT_MS / 1_000} s` };
      const { state: next, effects } = failed(state, failure, random);
      return { state: next, effects: [...drop(state), ...effects] };
    },
    woken: stay,
    use: (state, { order }) => switchTo(state, order, drop(state)),
    reconnect: restart,
    close: dropAndClose,
  },
  open: {
    wanted: stay,
    opened: stay, // every answer of a poll says welcome
    ended: (state, { failure }, random) => lost(state, failure, random),
    timer: (state) => stay({ ...state, attempt: 0, good: state.transport }),
    woken: (state, { stale }) => (stale ? beginRound(state, drop(state)) : stay(state)),
    use: (state, { order }) => switchTo(state, order, drop(state)),
    reconnect: restart,
    close: dropAndClose,
  },
  waiting: {
    wanted: stay,
    opened: stay,
    ended: stay,
    timer: begin,
    woken: (state) => (state.told ? stay(state) : begin(state)),
    use: (state, { order }) => switchTo(state, order, []),
    reconnect: restart,
    close,
  },
  stopped: {
    wanted: stay,
    opened: stay,
    ended: stay,
    timer: stay,
    woken: stay,
    use: (state, { order }) => switchTo(state, order, []),
    reconnect: restart,
    close,
  },
  closed: {
    wanted: stay,
    opened: stay,
    ended: stay,
    timer: stay,
    woken: stay,
    use: stay,
    reconnect: stay,
    close: stay,
  },
};

// --- moves ---

const NO_TIMER: Effect = { do: "timer", ms: undefined };

function beginRound(state: State, before: readonly Effect[]): Step {
  const { order, good } = state;
  const first = good ?? (order[0] as TransportName);
  const why =
    order.length === 1
      ? `${first} was chosen by the application`
      : good
        ? `${first} worked the last time`
        : `${first} is the first choice`;
  const left = order.filter((name) => name !== first);
  return connect({ ...memory(state), attempt: state.attempt + 1 }, first, left, why, before);
}

function switchTo(state: State, order: readonly TransportName[], before: readonly Effect[]): Step {
  return beginRound({ ...state, order, good: undefined, attempt: 0 }, before);
}

function connect(
  memory: Memory,
  transport: TransportName,
  left: readonly TransportName[],
  why: string,
  before: readonly Effect[],
): Step {
  const link = memory.link + 1;
  return {
    state: { ...memory, name: "connecting", transport, left, why, link },
    effects: [...before, { do: "timer", ms: CONNECT_MS }, { do: "open", link, transport }],
  };
}

/** A link that did not open. Where nobody said why, the transport may be at fault: the next one has its turn. */
function failed(state: StateOf<"connecting">, failure: LinkFailure, random: Random): Step {
  const [next, ...left] = state.left;
  if (failure.code !== undefined || failure.after !== undefined || next === undefined)
    return lost(state, failure, random);
  const why = `${state.transport} did not get through: ${failure.message}`;
  return connect({ ...memory(state), lastFailure: failure }, next, left, why, []);
}

/** Comes back later, or not at all. */
function lost(state: StateOf<"connecting" | "open">, failure: LinkFailure, random: Random): Step {
  const kept = { ...memory(state), lastFailure: failure };
  if (failure.code !== undefined && !isRetryable(failure.code)) {
    return { state: { ...kept, name: "stopped" }, effects: [NO_TIMER] };
  }
  const ms = backoffMs(Math.max(0, state.attempt - 1), random, failure.after);
  return {
    state: { ...kept, name: "waiting", ms, told: (failure.after ?? 0) > 0 },
    effects: [{ do: "timer", ms }],
  };
}

function drop(state: State): readonly Effect[] {
  return state.name === "connecting" || state.name === "open" ? [{ do: "drop", link: state.link }] : [];
}

function memory({ order, good, attempt, transport, why, lastFailure, link }: State): Memory {
  return { order, good, attempt, transport, why, lastFailure, link };
}
