/** What the seams of a store share: the name of a command, and a place in a log. */
import type { Epoch } from "../protocol/index.ts";

/** Names a command for P5. Counted keys are the SDK's; their counters grow per client and channel. */
export type CommandKey =
  | { readonly kind: "counted"; readonly user: string; readonly client: string; readonly counter: number }
  | { readonly kind: "foreign"; readonly user: string; readonly key: string };

/** A place in one channel's log. */
export interface Position {
  readonly epoch: Epoch;
  readonly seq: number;
}
