/** What happened to a client, newest last: for the person who asks why. */
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
  readonly transport?: TransportName;
  readonly channel?: string;
  /** The cause, in a sentence. */
  readonly why?: string;
}

export interface Timeline {
  note(entry: Omit<TimelineEntry, "at">): void;
  /** Oldest first. */
  entries(): readonly TimelineEntry[];
}

/** Enough for the last troubles, and never more than about 50 kB. */
const MOST_ENTRIES = 200;

export function createTimeline(wall: () => number): Timeline {
  const kept: TimelineEntry[] = [];
  return {
    note(entry) {
      kept.push({ at: wall(), ...entry });
      if (kept.length > MOST_ENTRIES) kept.shift();
    },
    entries: () => [...kept],
  };
}
