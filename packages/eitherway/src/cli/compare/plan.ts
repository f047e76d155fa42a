/** How long a comparison takes, and what is in it. */
import type { PathId } from "./paths.ts";

const ALL: readonly PathId[] = ["ws", "sse", "sse-h2", "poll"];

export interface Plan {
  readonly name: "quick" | "default" | "full";
  readonly paths: readonly PathId[];
  /** For rounds, in seconds. */
  readonly roundsSeconds: number;
  /** Openings of each side over a connection of its own; 0: neither that nor clients at a time nor payloads of other kinds. */
  readonly openings: number;
  /** Idle clients at a time. */
  readonly crowd: number;
  /** Faults, and what a browser keeps open. */
  readonly hasTroubles: boolean;
}

/** At most 20 s, 3 minutes and 15 minutes in all. */
export const PLANS: Readonly<Record<Plan["name"], Plan>> = {
  quick: { name: "quick", paths: ["ws", "sse"], roundsSeconds: 16, openings: 0, crowd: 0, hasTroubles: false },
  default: { name: "default", paths: ALL, roundsSeconds: 55, openings: 20, crowd: 200, hasTroubles: true },
  full: { name: "full", paths: ALL, roundsSeconds: 540, openings: 50, crowd: 1_000, hasTroubles: true },
};
