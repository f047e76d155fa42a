/** What the runs of the model count. */
import type { Tally as AnyTally } from "../support/tally.ts";

/** `command`, `transition`, `gap` and `trim` are what the model must have seen often; the rest is told for people. */
export type TallyGroup = "command" | "transition" | "gap" | "trim" | "outcome";

export type Tally = AnyTally<TallyGroup>;
