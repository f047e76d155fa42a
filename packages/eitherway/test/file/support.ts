/** File brokers in directories of their own, on a clock that tests move. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";
import {
  type Broker,
  type BrokerParts,
  createCounters,
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_RETENTION,
  type Limits,
  type Retention,
} from "../../src/core/index.ts";
import { type FileOptions, file } from "../../src/file/index.ts";
import { createFakeClock, createSeededRandom, type FakeClock } from "../../src/testing/index.ts";

export interface Settings extends FileOptions {
  readonly limits?: Partial<Limits> | undefined;
  readonly retention?: Partial<Retention> | undefined;
  readonly keyWindowMs?: number | undefined;
  readonly clock?: FakeClock;
  readonly logger?: BrokerParts["logger"];
  readonly seed?: number;
}

const SILENT: BrokerParts["logger"] = { info() {}, warn() {}, error() {} };

/** A directory that goes when the test is over. */
export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "eitherway-file-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Started {
  readonly broker: Broker;
  readonly clock: FakeClock;
  readonly counters: Readonly<Record<string, number>>;
  /** Lets time pass, and what comes due be committed. */
  advance(ms: number): Promise<void>;
}

export function start(path: string, settings: Settings = {}): Started {
  const { fsync, limits, retention, keyWindowMs = DEFAULT_KEY_WINDOW_MS, seed = 1, logger = SILENT } = settings;
  const clock = settings.clock ?? createFakeClock();
  const metrics = createCounters();
  const broker = file(path, { fsync })({
    clock,
    random: createSeededRandom(seed),
    limits: { ...DEFAULT_LIMITS, ...limits },
    retention: { ...DEFAULT_RETENTION, ...retention },
    channelRetention: undefined,
    keyWindowMs,
    metrics,
    logger,
  });
  onTestFinished(() => broker.close());
  return {
    broker,
    clock,
    counters: metrics.all,
    async advance(ms) {
      clock.advance(ms);
      // A step of the same queue: what came due before it is committed when it is.
      await broker.settle("test", "clock", { ok: true, answer: undefined });
      await setImmediate();
    },
  };
}
