/** The commands of a client: in order, each with its answer. */
import {
  type CommandFrame,
  EitherwayError,
  isRetryable,
  type PublishFrame,
  parseCountedKey,
} from "../protocol/index.ts";
import type { CommandKey, Draft } from "./broker.ts";
import type { CommandAnswer, Identity } from "./hub-api.ts";
import type { Publish } from "./publisher.ts";

export interface CommandsOptions {
  readonly publish: Publish;
}

export type RunCommands = (commands: readonly CommandFrame[], who: Identity) => Promise<readonly CommandAnswer[]>;

/** Ends early after a retryable failure: what has no answer was not tried. */
export function createCommands({ publish }: CommandsOptions): RunCommands {
  async function runOne(command: Exclude<CommandFrame, PublishFrame>): Promise<CommandAnswer> {
    const { key, t } = command;
    return { key, ok: false, error: new EitherwayError("unknown-frame", `This server takes no ${t} commands.`) };
  }

  async function publishAll(channel: string, frames: readonly PublishFrame[], who: Identity): Promise<CommandAnswer[]> {
    const drafts = frames.map((frame) => draftOf(frame, who));
    const published = await publish(channel, drafts, false);
    return published.map((receipt, i) => {
      const { key } = frames[i] as PublishFrame;
      return receipt.ok ? { key, ok: true, id: receipt.id } : { key, ok: false, error: receipt.error };
    });
  }

  return async (commands, who) => {
    const answers: CommandAnswer[] = [];
    for (let from = 0; from < commands.length; ) {
      const first = commands[from] as CommandFrame;
      const frames = first.t === "publish" ? publishesOf(commands, from) : [];
      const answered = first.t === "publish" ? await publishAll(first.channel, frames, who) : [await runOne(first)];
      for (const answer of answered) {
        answers.push(answer);
        if (!answer.ok && isRetryable(answer.error.code)) return answers;
      }
      from += Math.max(1, frames.length); // not by answers: a broker that gave too few would have the same commands published for ever
    }
    return answers;
  };
}

/** The publishes from here on that are for one channel: one call of the broker. */
function publishesOf(commands: readonly CommandFrame[], from: number): readonly PublishFrame[] {
  const frames: PublishFrame[] = [];
  for (let i = from; i < commands.length; i++) {
    const frame = commands[i] as CommandFrame;
    if (frame.t !== "publish" || frame.channel !== commands[from]?.channel) break;
    frames.push(frame);
  }
  return frames;
}

/** An SDK's key counts per client; any other, also one that names another client, is remembered by itself. */
function draftOf({ key, event, payload }: PublishFrame, who: Identity): Draft {
  const user = who.user ?? "";
  const counted = parseCountedKey(key);
  // No spread: it is a slow copy, and this is once for each command.
  const commandKey: CommandKey =
    counted && counted.client === who.client
      ? { kind: "counted", user, client: counted.client, counter: counted.counter }
      : { kind: "foreign", user, key };
  return who.user === undefined
    ? { event, payload, key: commandKey }
    : { event, payload, key: commandKey, from: who.user };
}
