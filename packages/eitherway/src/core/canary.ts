/**
 * Whether what is published is heard (P11): a message goes round through the broker each second. Open sockets and calls that go well say nothing
 * of the way on which a broker tells its watchers; only a message that took that way does.
 */
import { createEpoch, textPayload, toEitherwayError } from "../protocol/index.ts";
import type { Broker } from "./broker.ts";
import type { Clock, Logger, Metrics, Random, Undo } from "./ports.ts";
import type { TimerWheel, WheelTask } from "./timer-wheel.ts";
import type { Trouble } from "./trouble.ts";

export interface Canary {
  /** No message came round that was sent in the last 5 s, or none has yet. */
  readonly trouble: Trouble | undefined;
  close(): void;
}

export interface CanaryOptions {
  readonly broker: Pick<Broker, "announce" | "watch" | "reread">;
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: TimerWheel;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Of a node whose broker tells and answers on one way. */
export const NO_CANARY: Canary = { trouble: undefined, close() {} };

/** Each node has one below. No client can name it. */
const CANARY_CHANNELS = "@canary/";

const BEAT_MS = 1_000;
/** A beat and a second for its way. A needless look at what is watched harms nobody. */
const MISSED_MS = 2_000;
const BROKEN_MS = 5_000;

export function createCanary({ broker, clock, random, wheel, logger, metrics }: CanaryOptions): Canary {
  const channel = CANARY_CHANNELS + createEpoch(clock.wall(), random());
  const startedAt = clock.now();
  /** When the newest message that came round was sent. */
  let heard: number | undefined;
  let unwatch: Undo | undefined;
  /** One at a time: a store that is slow to answer is not asked more. */
  let isWatching = false;
  let isRereading = false;
  /** When the way was last taken anew: what was sent before that cannot be heard on it. */
  let renewedAt = startedAt;
  let isBroken = false;
  let closed = false;
  const task: WheelTask = { fire: beat };

  function beat(): void {
    if (unwatch) send();
    else void watch();
    if (Math.min(silentMs(), clock.now() - renewedAt) >= MISSED_MS) missed();
    wheel.schedule(task, BEAT_MS);
  }

  async function watch(): Promise<void> {
    if (isWatching) return;
    isWatching = true;
    try {
      unwatch = await broker.watch(channel, ({ messages }) => {
        for (const { payload } of messages) hear(Number(payload.data));
      });
      if (closed) unwatch();
      else send(); // ready as soon as may be
    } catch (thrown) {
      failed("watch", thrown);
    }
    isWatching = false;
  }

  function send(): void {
    const sent = textPayload(String(clock.now()));
    broker.announce(channel, [{ event: "beat", payload: sent }]).catch((thrown: unknown) => failed("announce", thrown));
  }

  function hear(sent: number): void {
    heard = Math.max(sent, heard ?? sent);
    if (!isBroken || trouble()) return;
    isBroken = false;
    logger.info("delivery works again");
  }

  function missed(): void {
    metrics.count("canary.missed");
    if (!isBroken && trouble()) {
      isBroken = true;
      logger.error("delivery broken", { silentMs: Math.round(silentMs()) });
    }
    void reread();
  }

  async function reread(): Promise<void> {
    if (isRereading) return;
    isRereading = true;
    try {
      await broker.reread?.();
      renewedAt = clock.now();
    } catch (thrown) {
      failed("reread", thrown);
    }
    isRereading = false;
  }

  function failed(what: string, thrown: unknown): void {
    if (closed) return;
    metrics.count(`canary.failed.${what}`);
    const { code, message } = toEitherwayError(thrown);
    if (!isBroken) logger.warn("canary failed", { what, code, message });
  }

  function silentMs(): number {
    return clock.now() - (heard ?? startedAt);
  }

  function trouble(): Trouble | undefined {
    if (heard !== undefined && silentMs() < BROKEN_MS) return undefined;
    return {
      part: "delivery",
      since: clock.wall() - silentMs(),
      message: "What is published is not heard through the broker.",
    };
  }

  beat();

  return {
    get trouble() {
      return trouble();
    },
    close() {
      closed = true;
      wheel.cancel(task);
      unwatch?.();
    },
  };
}
