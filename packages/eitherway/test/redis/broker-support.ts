/** A Redis broker as the tests of this folder start it: on a prefix of its own, with a clock that can leap. */
import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import {
  type Broker,
  createCounters,
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_RETENTION,
  type Limits,
} from "../../src/core/index.ts";
import { type RedisOptions, redis } from "../../src/redis/index.ts";
import { type BrokerSettings, createLeapingClock, type LeapingClock } from "../../src/testing/index.ts";

export interface StartedBroker {
  readonly broker: Broker;
  readonly clock: LeapingClock;
  readonly counters: ReturnType<typeof createCounters>;
  /** What was logged, as `event cause`. */
  readonly logged: readonly string[];
}

export interface BrokerSetup extends Omit<BrokerSettings, "limits"> {
  readonly limits?: Partial<Limits>;
  readonly options?: RedisOptions;
  readonly clock?: LeapingClock;
}

/** Brokers of one prefix are nodes of one system. */
export function newPrefix(): string {
  return `test-${randomUUID()}:`;
}

/** Closed when the test is over. */
export function startBroker(url: string, setup: BrokerSetup = {}): StartedBroker {
  const started = createBroker(url, setup);
  onTestFinished(() => started.broker.close());
  return started;
}

export function createBroker(
  url: string,
  { options, clock = createLeapingClock(), ...settings }: BrokerSetup = {},
): StartedBroker {
  const counters = createCounters();
  const logged: string[] = [];
  const log = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    logged.push(`${event} ${String(fields.cause ?? "")}`);
  };
  const broker = redis(url, { prefix: newPrefix(), ...options })({
    ...{ clock, random: Math.random, metrics: counters, logger: { info: log, warn: log, error: log } },
    limits: { ...DEFAULT_LIMITS, ...settings.limits },
    retention: { ...DEFAULT_RETENTION, ...settings.retention },
    channelRetention: undefined,
    keyWindowMs: settings.keyWindowMs ?? DEFAULT_KEY_WINDOW_MS,
  });
  return { broker, clock, counters, logged };
}
