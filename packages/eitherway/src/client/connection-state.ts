/** What the connection can be, what may happen to it, and what it then wants done. The steps between are in machine.ts. */
import type { Random } from "./ports.ts";
import type { ChannelSink, ClientTransport, LinkFailure, TransportName } from "./transport.ts";

/** One link, from its beginning. */
export interface Link {
  /** Links count from 1. */
  readonly link: number;
  readonly transport: TransportName;
  readonly why: string;
}

/** What every state remembers. */
export interface Memory {
  /** Transports to use, best first. Never empty. */
  readonly order: readonly TransportName[];
  /** The transport of the last link that held. */
  readonly good: TransportName | undefined;
  /** Transports whose links opened but did not serve: tried last. */
  readonly doubted: readonly TransportName[];
  /** How many of the last links opened and soon broke, or were put off, all of this transport. */
  readonly brief?: { readonly transport: TransportName; readonly times: number } | undefined;
  /** Rounds begun since a link held. */
  readonly round: number;
  /** Probes since the best transport was in use. */
  readonly probes: number;
  /** The link in use, or tried last; not a probe. */
  readonly last?: Link | undefined;
  /** Number of the newest link. */
  readonly links: number;
  readonly lastFailure?: LinkFailure | undefined;
}

export type State =
  | ({ readonly name: "idle" } & Memory)
  /** `racing` is never empty; `left` have not begun. */
  | ({
      readonly name: "connecting";
      readonly racing: readonly Link[];
      readonly left: readonly TransportName[];
    } & Memory)
  /** `young`: has not held long enough to be good. `probe`: may become the link in use; `left` have their turn after it. */
  | ({
      readonly name: "open";
      readonly current: Link;
      readonly young: boolean;
      readonly probe: Link | undefined;
      readonly left: readonly TransportName[];
    } & Memory)
  /** `told`: the other end named the time, so waking up does not shorten it. */
  | ({ readonly name: "waiting"; readonly ms: number; readonly told: boolean } & Memory)
  /** The page is put away. */
  | ({ readonly name: "asleep" } & Memory)
  | ({ readonly name: "stopped" } & Memory)
  | ({ readonly name: "closed" } & Memory);

export type Event =
  /** There is something to do: a channel or a command. */
  | { readonly type: "wanted" }
  /** `welcome` arrived. */
  | { readonly type: "opened"; readonly link: number }
  /** Open, and yet nothing comes, not even what must: something on the way holds it back. */
  | { readonly type: "mute"; readonly link: number }
  | { readonly type: "ended"; readonly link: number; readonly failure: LinkFailure }
  /** The time of the last `timer` effect has come. */
  | { readonly type: "timer" }
  /** The device came to life. `stale`: nothing arrived, or opened, for longer than it may take. */
  | { readonly type: "woken"; readonly stale: boolean }
  | { readonly type: "asleep" }
  | { readonly type: "use"; readonly order: readonly TransportName[] }
  | { readonly type: "reconnect" }
  | { readonly type: "close" };

export type Effect =
  | { readonly do: "open"; readonly link: number; readonly transport: TransportName }
  | { readonly do: "drop"; readonly link: number }
  /** Replaces the timer that runs; `undefined` only ends it. */
  | { readonly do: "timer"; readonly ms: number | undefined }
  /** This transport works here. */
  | { readonly do: "remember"; readonly transport: TransportName };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** A state with links. */
export type BusyState = Extract<State, { name: "connecting" | "open" }>;

/** What decides about links: machine.ts for clients that choose among transports, plain-machine.ts for others. */
export interface Machine {
  step(state: State, event: Event, random: Random): Step;
  /**
   * How long the link in use may be silent before it counts as mute, in milliseconds. Absent: links are never mute.
   * @param heardAfterMs when the last sign of life came, from its opening
   */
  muteMs?(
    transport: Pick<ClientTransport, "muteMs" | "quietMs">,
    pingMs: number,
    heardAfterMs: number,
    channels: Iterable<Pick<ChannelSink, "live">>,
  ): number;
}

/** @param recalled what worked on this network before; of no consequence when it is not in `order` */
export function initialState(order: readonly TransportName[], recalled?: string): State {
  return {
    name: "idle",
    order,
    good: order.find((transport) => transport === recalled),
    doubted: [],
    round: 0,
    probes: 0,
    links: 0,
  };
}

/** The links that the state is about. */
export function linksOf(state: State): readonly Link[] {
  if (state.name === "connecting") return state.racing;
  if (state.name === "open") return state.probe ? [state.current, state.probe] : [state.current];
  return [];
}

/** What outlives a change of state. */
export function memory({ order, good, doubted, brief, round, probes, last, links, lastFailure }: State): Memory {
  return { order, good, doubted, brief, round, probes, last, links, lastFailure };
}
