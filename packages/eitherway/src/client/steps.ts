/** The steps that machines are made of: a link begins, opens, or is lost, and the connection comes back later or not at all. */
import { isRetryable } from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import {
  type BusyState,
  type Effect,
  type Link,
  linksOf,
  type Memory,
  memory,
  type State,
  type Step,
} from "./connection-state.ts";
import type { Random } from "./ports.ts";
import { CONNECT_MS, type LinkFailure, type TransportName } from "./transport.ts";

/** A link that lived this long was good. */
const HEALTHY_MS = 10_000;

/** Four round trips of a slow phone. A transport that needs longer gets company. */
export const RACE_MS = 2_000;

export const NO_TIMER: Effect = { do: "timer", ms: undefined };

export const stay = (state: State): Step => ({ state, effects: [] });

/** One more link joins the race; `left` have their turn after it. */
export function launch(
  memory: Memory,
  racing: readonly Link[],
  transport: TransportName,
  left: readonly TransportName[],
  why: string,
  before: readonly Effect[] = [],
): Step {
  const last = { link: memory.links + 1, transport, why };
  return {
    state: { ...memory, name: "connecting", racing: [...racing, last], left, last, links: last.link },
    effects: [
      ...before,
      { do: "timer", ms: left.length > 0 ? RACE_MS : CONNECT_MS },
      { do: "open", link: last.link, transport },
    ],
  };
}

/** One of the links that race, or a probe, is open: the others are not needed. */
export function opened(state: BusyState, link: number): Step {
  const current = linksOf(state).find((each) => each.link === link) as Link;
  return {
    state: { ...memory(state), name: "open", current, young: true, probe: undefined, left: [], last: current },
    effects: [...dropAll(state, link), { do: "timer", ms: HEALTHY_MS }],
  };
}

/** Comes back later, or not at all. `ended` is a link that is over already. */
export function retreat(state: BusyState, kept: Memory, failure: LinkFailure, random: Random, ended?: number): Step {
  const { code, after = 0 } = failure;
  const next = { ...kept, lastFailure: failure };
  const dropped = dropAll(state, ended);
  if (code !== undefined && !isRetryable(code)) {
    return { state: { ...next, name: "stopped" }, effects: [...dropped, NO_TIMER] };
  }
  const ms = backoffMs(Math.max(0, state.round - 1), random, after);
  return {
    state: { ...next, name: "waiting", ms, told: after > 0 },
    effects: [...dropped, { do: "timer", ms }],
  };
}

export function rest(state: State, name: "asleep" | "closed"): Step {
  return { state: { ...memory(state), name }, effects: [...dropAll(state), NO_TIMER] };
}

export function dropAll(state: State, but?: number): readonly Effect[] {
  return linksOf(state).flatMap(({ link }) => (link === but ? [] : [{ do: "drop", link } as const]));
}

export function notOpenIn(ms: number, what: string): string {
  return `${what} did not open within ${ms / 1_000} s`;
}
