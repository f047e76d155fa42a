/**
 * Lanes of a link, which are its channels and the presence of each, on which a command failed for now: until it comes again, later ones fail as it did, so that none overtakes it when
 * its client sends all of them again (P5).
 */
import { type CommandFrame, type EitherwayError, laneOf } from "../protocol/index.ts";
import type { CommandAnswer } from "./hub-api.ts";

export interface HeldChannels {
  /** The command failed. */
  hold(command: CommandFrame, error: EitherwayError): void;
  /** What may be tried now; the others get their answer. */
  admit(commands: readonly CommandFrame[], refuse: (answer: CommandAnswer) => void): CommandFrame[];
  readonly size: number;
}

export function createHeldChannels(): HeldChannels {
  const held = new Map<string, { readonly key: string; readonly error: EitherwayError }>();
  return {
    hold(command, error) {
      held.set(laneOf(command), { key: command.key, error });
    },
    admit(commands, refuse) {
      return commands.filter((command) => {
        const lane = laneOf(command);
        const { key } = command;
        const first = held.get(lane);
        if (first && first.key !== key) {
          refuse({ key, ok: false, error: first.error });
          return false;
        }
        held.delete(lane);
        return true;
      });
    },
    get size() {
      return held.size;
    },
  };
}
