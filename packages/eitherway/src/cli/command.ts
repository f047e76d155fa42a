/** What a command is to the command line: one file each, listed in cli.ts. */
import type { Arguments, Flags } from "./flags.ts";
import type { Output } from "./output.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Command {
  readonly name: string;
  /** What follows the name in the first line of its help. */
  readonly parameters: string;
  readonly summary: string;
  readonly flags: Flags;
  /** More lines for the help. */
  readonly notes: readonly string[];
  /** Resolves with the exit code. Throws `UsageError` for a wrong command line. */
  run(given: Arguments, surroundings: Surroundings, output: Output): Promise<number>;
}
