/** How long a comparison takes, and what is in it. */
import type { PathId } from "./paths.ts";

const ALL: readonly PathId[] = ["ws", "sse", "sse-h2", "poll"];

export interface Plan {
  readonly name: "quick" | "default" | "full";
  readonly paths: readonly PathId[];
  /** In all, in seconds. Where ways are slow, or hang, it ends before it is done. */
  readonly mostSeconds: number;
  /** For rounds, in seconds. */
  readonly roundsSeconds: number;
  /** Openings of each side over a connection of its own; 0: neither that nor clients at a time nor payloads of other kinds. */
  readonly openings: number;
  /** Idle clients at a time. */
  readonly crowd: number;
  /** Faults, and what a browser keeps open. */
  readonly hasTroubles: boolean;
}

const QUICK: Plan = {
  name: "quick",
  paths: ["ws", "sse"],
  mostSeconds: 18, // with its start and its end that is below 20
  roundsSeconds: 16,
  openings: 0,
  crowd: 0,
  hasTroubles: false,
};
const DEFAULT: Plan = {
  name: "default",
  paths: ALL,
  mostSeconds: 175,
  roundsSeconds: 55,
  openings: 20,
  crowd: 200,
  hasTroubles: true,
};
const FULL: Plan = { ...DEFAULT, name: "full", mostSeconds: 890, roundsSeconds: 540, openings: 50, crowd: 1_000 };

/** At most 20 s, 3 minutes and 15 minutes in all. */
export const PLANS: Readonly<Record<Plan["name"], Plan>> = { quick: QUICK, default: DEFAULT, full: FULL };

/** Why a comparison was stopped that took as long as it may. */
export class TimeOver extends Error {}
