/**
 * Channels of a link on which a command failed for now: until it comes again, later ones fail as it did, so that none overtakes it when
 * its client sends all of them again (P5).
 */
import type { CommandFrame, EitherwayError } from "../protocol/index.ts";
import type { CommandAnswer } from "./hub-api.ts";

export interface HeldChannels {
  hold(channel: string, key: string, error: EitherwayError): void;
  /** What may be tried now; the others get their answer. */
  admit(commands: readonly CommandFrame[], refuse: (answer: CommandAnswer) => void): CommandFrame[];
  readonly size: number;
}

export function createHeldChannels(): HeldChannels {
  const held = new Map<string, { readonly key: string; readonly error: EitherwayError }>();
  return {
    hold(channel, key, error) {
      held.set(channel, { key, error });
    },
    admit(commands, refuse) {
      return commands.filter(({ channel, key }) => {
        const first = held.get(channel);
        if (first && first.key !== key) {
          refuse({ key, ok: false, error: first.error });
          return false;
        }
        held.delete(channel);
        return true;
      });
    },
    get size() {
      return held.size;
    },
  };
}
