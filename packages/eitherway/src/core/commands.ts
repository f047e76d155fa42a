/** The commands of a client: in order, each with its answer. */
import {
  type CallFrame,
  type CommandFrame,
  isRetryable,
  type PresenceFrame,
  type PublishFrame,
  toEitherwayError,
} from "../protocol/index.ts";
import type { Draft } from "./broker.ts";
import type { Calls } from "./calls.ts";
import { causeOf } from "./cause-of.ts";
import { commandKeyOf } from "./command-key.ts";
import type { CommandAnswer, CommandOutcome, HubPresence, Identity, Published } from "./hub-api.ts";
import type { Logger, Metrics } from "./ports.ts";
import type { Publish } from "./publisher.ts";

export interface CommandsOptions {
  readonly publish: Publish;
  readonly calls: Pick<Calls, "start">;
  readonly presence: Pick<HubPresence, "set" | "leave">;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export type RunCommands = (commands: readonly CommandFrame[], who: Identity) => Promise<readonly CommandOutcome[]>;

/** Ends early after a retryable failure: what has no answer was not tried. */
export function createCommands({ publish, calls, presence, logger, metrics }: CommandsOptions): RunCommands {
  async function runOne(command: CallFrame | PresenceFrame, who: Identity): Promise<CommandOutcome> {
    return command.t === "call" ? call(command, who) : changePresence(command, who);
  }

  async function call(frame: CallFrame, who: Identity): Promise<CommandOutcome> {
    const { key, channel, name } = frame;
    try {
      return await calls.start(frame, who);
    } catch (thrown) {
      const error = toEitherwayError(thrown);
      if (error.code === "internal")
        logger.error("call not started", { channel, call: name, cause: causeOf(error.cause) });
      metrics.count(`calls.refused.${error.code}`);
      return { key, ok: false, error };
    }
  }

  async function changePresence({ key, channel, state }: PresenceFrame, who: Identity): Promise<CommandAnswer> {
    const commandKey = commandKeyOf(key, who);
    try {
      if (state === undefined) await presence.leave(channel, who, commandKey);
      else await presence.set(channel, state, who, commandKey);
      return { key, ok: true, id: undefined };
    } catch (thrown) {
      const error = toEitherwayError(thrown);
      if (error.code === "internal") logger.error("presence failed", { channel, cause: causeOf(error.cause) });
      return { key, ok: false, error };
    }
  }

  async function publishAll(
    channel: string,
    frames: readonly PublishFrame[],
    who: Identity,
  ): Promise<CommandOutcome[]> {
    const drafts = frames.map((frame) => draftOf(frame, who));
    const published = await publish(channel, drafts, false);
    return published.map((outcome, i) => {
      const { key } = frames[i] as PublishFrame;
      if ("later" in outcome) return { key, later: outcome.later.then((receipt) => answerOf(key, receipt)) };
      return answerOf(key, outcome);
    });
  }

  return async (commands, who) => {
    const answers: CommandOutcome[] = [];
    for (let from = 0; from < commands.length; ) {
      const first = commands[from] as CommandFrame;
      const frames = first.t === "publish" ? publishesOf(commands, from) : [];
      const answered =
        first.t === "publish" ? await publishAll(first.channel, frames, who) : [await runOne(first, who)];
      for (const answer of answered) {
        answers.push(answer);
        if (!("later" in answer) && !answer.ok && isRetryable(answer.error.code)) return answers;
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

function answerOf(key: string, receipt: Published): CommandAnswer {
  return receipt.ok ? { key, ok: true, id: receipt.id } : { key, ok: false, error: receipt.error };
}

function draftOf({ key: text, event, payload }: PublishFrame, who: Identity): Draft {
  const key = commandKeyOf(text, who);
  // No spread: it is a slow copy, and this is once for each command.
  return who.user === undefined ? { event, payload, key } : { event, payload, key, from: who.user };
}
