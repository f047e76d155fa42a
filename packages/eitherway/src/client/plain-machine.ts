/**
 * The connection of a client that does not choose: one link at a time, and after each that fails the next transport has its turn,
 * after a pause. Pauses, floors, final refusals and sleep are as in machine.ts, and made of the same steps.
 */
import { type Event, type Machine, memory, type State, type Step } from "./connection-state.ts";
import type { Random } from "./ports.ts";
import { dropAll, launch, NO_TIMER, notOpenIn, opened, rest, retreat, stay } from "./steps.ts";
import { CONNECT_MS, type TransportName } from "./transport.ts";

export const plainMachine: Machine = { step };

function step(state: State, event: Event, random: Random): Step {
  const { name } = state;
  // News of a link that was given up, and of a client that is closed.
  if (name === "closed" || ("link" in event && state.last?.link !== event.link)) return stay(state);
  const busy = name === "connecting" || name === "open";
  switch (event.type) {
    case "wanted":
      return name === "idle" ? begin(state) : stay(state);
    case "opened":
      return name === "connecting" ? opened(state, event.link) : stay(state); // a poll says it each time
    case "mute":
      return stay(state); // there is nothing better
    case "ended":
      return busy ? retreat(state, memory(state), event.failure, random, event.link) : stay(state);
    case "timer":
      if (name === "waiting") return begin(state);
      if (name === "open") return { state: { ...state, young: false, round: 0 }, effects: [NO_TIMER] };
      if (name !== "connecting") return stay(state);
      return retreat(state, memory(state), { message: notOpenIn(CONNECT_MS, `${state.last?.transport}`) }, random);
    case "woken":
      return name === "asleep" || (name === "waiting" && !state.told) || (busy && event.stale)
        ? begin(state)
        : stay(state);
    case "asleep":
      return busy || (name === "waiting" && !state.told) ? rest(state, "asleep") : stay(state);
    case "use":
      return stay(state); // nobody can ask for it
    case "reconnect":
      return begin({ ...state, round: 0 });
    case "close":
      return rest(state, "closed");
  }
}

function begin(state: State): Step {
  const { order, round } = state;
  const transport = order[round % order.length] as TransportName;
  return launch({ ...memory(state), round: round + 1 }, [], transport, [], `${transport} has its turn`, dropAll(state));
}
