/** The broker of one process: logs, keys and claims in memory, within configured bounds. */
import type { Broker } from "./broker.ts";
import { createBrokerCore } from "./broker-core.ts";
import { createKeyMemory } from "./key-memory.ts";
import {
  type ChannelRetention,
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_RETENTION,
  type Limits,
  type Retention,
  withDefaults,
} from "./limits.ts";
import { MemoryLog } from "./memory-log.ts";
import type { Clock, Logger, Metrics, Random } from "./ports.ts";
import { createSpread } from "./spread.ts";

export interface MemoryBrokerOptions {
  readonly clock: Clock;
  /** Tells apart the epochs of processes that start in one millisecond. */
  readonly random: Random;
  /** Used are `channels`, `logBytes`, `keys`, `inFlight`, `latestKeys`, `streamBytes`, `presenceMembers` and `presenceDiffs`. */
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  /** Default: all channels keep alike. */
  readonly channelRetention?: ChannelRetention | undefined;
  /** For how long a repeated key gets its first receipt, milliseconds. Default: 5 minutes. */
  readonly keyWindowMs?: number;
  readonly metrics?: Metrics;
  /** Hears of watchers that throw. */
  readonly logger?: Logger;
}

/**
 * Every call takes effect before it returns, in the order of the calls; the promises it returns are settled already.
 *
 * @example
 * const broker = createMemoryBroker({ clock, random: Math.random });
 * const [receipt] = await broker.publish("room/42", [{ event: "message", payload: jsonPayload({ text: "hi" }) }]);
 */
export function createMemoryBroker(options: MemoryBrokerOptions): Broker {
  const { clock, random, metrics, logger, channelRetention } = options;
  const limits = withDefaults(DEFAULT_LIMITS, options.limits, "limits");
  const retention = withDefaults(DEFAULT_RETENTION, options.retention, "retention");
  const { keyWindowMs } = withDefaults(
    { keyWindowMs: DEFAULT_KEY_WINDOW_MS },
    { keyWindowMs: options.keyWindowMs ?? DEFAULT_KEY_WINDOW_MS },
    "options",
  );
  const keys = createKeyMemory({ most: limits.keys, inFlight: limits.inFlight, windowMs: keyWindowMs, metrics });
  const core = createBrokerCore({
    ...{ clock, random, limits, retention, channelRetention, keyWindowMs, metrics, keys },
    store: {
      createLog: (_channel, epoch, bounds) => new MemoryLog(epoch, bounds),
      spread: createSpread({ metrics, logger }),
      changed() {},
      forgotten() {},
    },
  });
  const { streams, presence, keyWindow, sizes } = core;

  return {
    publish: async (channel, drafts) => core.publish(channel, drafts),
    announce: async (channel, messages) => core.announce(channel, messages),
    read: async (channel, after, limit) => core.find(channel)?.log.read(after, limit) ?? { kind: "none" },
    readBefore: async (channel, before, limit) => core.find(channel)?.log.readBefore(before, limit),
    watch: async (channel, sink) => core.watch(channel, sink),
    claim: async (scope, key, request) => core.claim(scope, key, request),
    settle: async (scope, key, settlement) => core.settle(scope, key, settlement),
    streams: {
      open: async (log, leaseMs) => streams.open(log, leaseMs),
      append: async (hold, piece) => streams.append(hold, piece),
      renew: async (hold, leaseMs) => streams.renew(hold, leaseMs),
      finish: async (hold, failure) => streams.finish(hold, failure),
    },
    presence,
    keyWindow,
    sizes,
    close: async () => core.close(),
  };
}
