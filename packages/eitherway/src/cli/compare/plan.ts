/** How long a comparison takes, and what is in it. */
import type { PathId } from "./paths.ts";

export interface Plan {
  readonly name: "quick" | "default" | "full";
  readonly paths: readonly PathId[];
  /** For rounds, in seconds. */
  readonly roundsSeconds: number;
  /** Openings of each side over a connection of its own; 0: neither that nor clients at a time nor payloads of other kinds. */
  readonly openings: number;
  /** Idle clients at a time. */
  readonly crowd: number;
}

/** At most 20 s, 3 minutes and 15 minutes in all, faults and browser included. */
export const PLANS: Readonly<Record<Plan["name"], Plan>> = {
  quick: { name: "quick", paths: ["ws", "sse"], roundsSeconds: 17, openings: 0, crowd: 0 },
  default: { name: "default", paths: ["ws", "sse", "sse-h2", "poll"], roundsSeconds: 75, openings: 20, crowd: 200 },
  full: { name: "full", paths: ["ws", "sse", "sse-h2", "poll"], roundsSeconds: 480, openings: 50, crowd: 1_000 },
};
