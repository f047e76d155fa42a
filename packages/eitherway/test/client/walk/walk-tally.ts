/** What walks did and saw. */
import type { Tally } from "../../support/tally.ts";

export type WalkTally = Tally<"action" | "seen">;
