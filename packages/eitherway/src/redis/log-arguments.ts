/** What every script that touches a log is told: bounds, where to tell, and a name for a new epoch. */
import { type BrokerParts, CONTROL_BOUNDS, CONTROL_LOG, type Retention } from "../core/index.ts";
import { createEpoch, isStreamLog } from "../protocol/index.ts";
import type { KeyNames } from "./key-names.ts";

export interface LogArguments {
  /** KEYS[1..4] of a log. */
  keys(channel: string): readonly string[];
  /** ARGV[1..8] of a script that begins with log.lua. */
  of(channel: string): readonly string[];
  /** For how long the log outlives its last publish or watch, milliseconds. */
  lifeMs(channel: string): number;
}

/** Scripts put the end of a log off at most this often; its life is that much longer. TOUCH in log.lua. */
const TOUCH_MS = 10_000;

/** How scripts tell: to everybody who listens anywhere, or on a Cluster inside the shard of the slot. */
export type PublishCommand = "PUBLISH" | "SPUBLISH";

interface LogArgumentsOptions
  extends Pick<BrokerParts, "clock" | "random" | "limits" | "retention" | "channelRetention" | "keyWindowMs"> {
  readonly names: KeyNames;
  readonly publishCommand: PublishCommand;
}

export function createLogArguments(options: LogArgumentsOptions): LogArguments {
  const { clock, random, limits, names, publishCommand, keyWindowMs } = options;
  let lastEpochAt = 0;

  function newEpoch(): string {
    lastEpochAt = Math.max(clock.wall(), lastEpochAt + 1); // never an epoch twice, whatever the wall clock does
    return createEpoch(lastEpochAt, random());
  }

  function boundsOf(channel: string): Retention {
    if (isStreamLog(channel)) return { messages: NO_BOUND, bytes: NO_BOUND, ageMs: NO_BOUND };
    if (channel === CONTROL_LOG) return CONTROL_BOUNDS;
    return { ...options.retention, ...options.channelRetention?.of(channel) };
  }

  function lifeMs(channel: string): number {
    const ageMs = isStreamLog(channel) ? options.retention.ageMs : boundsOf(channel).ageMs;
    return Math.max(ageMs, keyWindowMs) + TOUCH_MS;
  }

  return {
    keys: names.log,
    lifeMs,
    of(channel) {
      const { messages, bytes, ageMs } = boundsOf(channel);
      const numbers = [messages, bytes, ageMs, limits.latestKeys, lifeMs(channel)];
      return [newEpoch(), names.live(channel), publishCommand, ...numbers.map(String)];
    },
  };
}

/** Streams go as a whole: half an answer is none. */
const NO_BOUND = Number.MAX_SAFE_INTEGER;
