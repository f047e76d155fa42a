/** The commands of a client: in order, each with its answer. */
import {
  type CallFrame,
  type CommandFrame,
  type EitherwayError,
  isRetryable,
  type PresenceFrame,
  type PublishFrame,
  toEitherwayError,
} from "../protocol/index.ts";
import { type Action, type Identity, permit } from "./authority.ts";
import type { Draft } from "./broker.ts";
import type { Calls } from "./calls.ts";
import { causeOf } from "./cause-of.ts";
import { commandKeyOf } from "./command-key.ts";
import type { CommandAnswer, CommandOutcome, HubPresence, Published } from "./hub-api.ts";
import type { Logger, Metrics } from "./ports.ts";
import type { Publish, PublishOutcome } from "./publisher.ts";

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
      if (who.rights) await permit(who, channel, "call");
      return await calls.start(frame, who);
    } catch (thrown) {
      const error = toEitherwayError(thrown);
      if (error.code === "internal")
        logger.error("call not started", { channel, call: name, cause: causeOf(error.cause ?? error) });
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
      if (error.code === "internal") logger.error("presence failed", { channel, cause: causeOf(error.cause ?? error) });
      return { key, ok: false, error };
    }
  }

  async function publishAll(
    channel: string,
    frames: readonly PublishFrame[],
    who: Identity,
  ): Promise<readonly CommandOutcome[]> {
    const refusal = who.rights && (await refusalOf(who, channel, "publish"));
    if (refusal) {
      metrics.count(`publish.refused.${refusal.code}`, frames.length);
      return upToRetryable(frames.map(({ key }) => ({ key, ok: false, error: refusal })));
    }
    const published = await publish(channel, draftsOf(frames, who), false);
    const outcomes: CommandOutcome[] = [];
    for (let i = 0; i < published.length; i++) {
      const { key } = frames[i] as PublishFrame;
      const outcome = published[i] as PublishOutcome;
      if ("later" in outcome) {
        outcomes.push({ key, later: outcome.later.then((receipt) => answerOf(key, receipt)) });
        continue;
      }
      outcomes.push(answerOf(key, outcome));
      if (stops(outcomes.at(-1))) break;
    }
    return outcomes;
  }

  async function runSeveral(commands: readonly CommandFrame[], who: Identity): Promise<readonly CommandOutcome[]> {
    const answers: CommandOutcome[] = [];
    for (let from = 0; from < commands.length; ) {
      const first = commands[from] as CommandFrame;
      const count = publishesFrom(commands, from);
      const answered =
        first.t === "publish"
          ? await publishAll(first.channel, commands.slice(from, from + count) as PublishFrame[], who)
          : [await runOne(first, who)];
      answers.push(...answered);
      if (stops(answered.at(-1))) return answers;
      from += Math.max(1, count); // not by answers: a broker that gave too few would have the same commands published for ever
    }
    return answers;
  }

  return (commands, who) => {
    const [first] = commands;
    // Nearly always: one message, or more of one channel.
    if (first?.t === "publish" && publishesFrom(commands, 0) === commands.length) {
      return publishAll(first.channel, commands as readonly PublishFrame[], who);
    }
    return runSeveral(commands, who);
  };
}

/** What comes behind it was not tried. */
function stops(outcome: CommandOutcome | undefined): boolean {
  return outcome !== undefined && !("later" in outcome) && !outcome.ok && isRetryable(outcome.error.code);
}

function upToRetryable(outcomes: readonly CommandOutcome[]): readonly CommandOutcome[] {
  const end = outcomes.findIndex(stops);
  return end < 0 ? outcomes : outcomes.slice(0, end + 1);
}

/** How many publishes for one channel there are from here on: one call of the broker. */
function publishesFrom(commands: readonly CommandFrame[], from: number): number {
  const channel = commands[from]?.channel;
  let at = from;
  while (at < commands.length && commands[at]?.t === "publish" && commands[at]?.channel === channel) at++;
  return at - from;
}

/** `undefined`: it is permitted. */
async function refusalOf(who: Identity, channel: string, action: Action): Promise<EitherwayError | undefined> {
  try {
    await permit(who, channel, action);
    return undefined;
  } catch (thrown) {
    return toEitherwayError(thrown);
  }
}

function answerOf(key: string, receipt: Published): CommandAnswer {
  return receipt.ok ? { key, ok: true, id: receipt.id } : { key, ok: false, error: receipt.error };
}

function draftsOf(frames: readonly PublishFrame[], who: Identity): readonly Draft[] {
  const drafts: Draft[] = [];
  for (const frame of frames) drafts.push(draftOf(frame, who));
  return drafts;
}

function draftOf({ key: text, event, payload }: PublishFrame, who: Identity): Draft {
  const key = commandKeyOf(text, who);
  // No spread: it is a slow copy, and this is once for each command.
  return who.user === undefined ? { event, payload, key } : { event, payload, key, from: who.user };
}
