/** What happened to a client, newest last: for the person who asks why. */
import { type Event, linksOf, type State, type Step } from "./connection-state.ts";
import type { TransportName } from "./transport.ts";

export interface TimelineEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  /**
   * `connecting`: a link begins. `open`: it is in use. `dropped`: given up by us. `ended`: over by itself. `waiting`, `asleep`, `stopped`,
   * `closed`: what the client is since. `woken`: the device came to life. `live`: a channel has been resumed and caught up.
   * `gap`, `hole`: a channel lost its continuity, said and not said by the server. `refused`: a subscription failed.
   */
  readonly what:
    | "connecting"
    | "open"
    | "dropped"
    | "ended"
    | "waiting"
    | "asleep"
    | "woken"
    | "stopped"
    | "closed"
    | "live"
    | "gap"
    | "hole"
    | "refused";
  readonly transport?: TransportName | undefined;
  readonly channel?: string;
  /** The cause, in a sentence. */
  readonly why?: string | undefined;
}

export interface Timeline {
  note(entry: Omit<TimelineEntry, "at">): void;
  /** What a step of the connection says of links and of the client. */
  stepped(before: State, event: Event, step: Step): void;
  /** Oldest first. */
  entries(): readonly TimelineEntry[];
}

/** Enough for the last troubles, and never more than about 50 kB. */
const MOST_ENTRIES = 200;

export function createTimeline(wall: () => number): Timeline {
  const kept: TimelineEntry[] = [];

  function note(entry: Omit<TimelineEntry, "at">): void {
    kept.push({ at: wall(), ...entry });
    if (kept.length > MOST_ENTRIES) kept.shift();
  }

  return {
    note,
    stepped(before, event, { state, effects }) {
      const links = [...linksOf(before), ...linksOf(state)];
      const linkOf = (number: number) => links.find(({ link }) => link === number);
      const noteLink = (what: TimelineEntry["what"], number: number, why?: string): void =>
        note({ what, transport: linkOf(number)?.transport, why });

      if (event.type === "woken") note({ what: "woken" });
      if (event.type === "ended") {
        const { code, message } = event.failure;
        noteLink("ended", event.link, code ? `${code}: ${message}` : message);
      }
      for (const effect of effects) {
        if (effect.do === "drop") noteLink("dropped", effect.link);
        if (effect.do === "open") noteLink("connecting", effect.link, linkOf(effect.link)?.why);
      }
      if (event.type === "opened" && state !== before) noteLink("open", event.link);
      // A pause is told each time that something comes of it.
      if (state.name === "waiting") note({ what: state.name, why: `${state.ms} ms` });
      else if (state.name !== before.name && state.name !== "idle" && linksOf(state).length === 0) {
        note({ what: state.name });
      }
    },
    entries: () => [...kept],
  };
}
