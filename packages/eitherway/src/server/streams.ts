/** The streams that this process produces. */
import type { Hub, StreamFailure } from "../core/index.ts";
import { EitherwayError, quote, streamLog } from "../protocol/index.ts";
import { type Amount, readAmount } from "./amounts.ts";
import { Producer, type StreamProducer } from "./stream-producer.ts";

export interface StreamOptions {
  /** What the pieces are: `text`, the default, takes strings, also those that cut a character in two; `bytes` takes `Uint8Array`. */
  readonly kind?: "text" | "bytes" | undefined;
  /**
   * How long after this process gave its last sign of life the stream fails as `producer-lost`. Default 10 s, at least 1 s. Renewed
   * by itself.
   */
  readonly leaseMs?: Amount | undefined;
}

export interface StreamProducers {
  /** @throws EitherwayError `bad-channel`, `reserved-channel`, `bad-request` */
  open(channel: string, name: string, options?: StreamOptions): StreamProducer<string | Uint8Array>;
  /** Fails every open stream, so that nobody waits for what cannot come, and gives it at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const DEFAULT_LEASE_MS = 10_000;
/** Below it a busy moment of the process would lose its streams. */
const LEAST_LEASE_MS = 1_000;

const CLOSING: StreamFailure = {
  code: "drain",
  message: "The server that produced this went away before its end; ask for it again.",
};

export function createStreamProducers(hub: Hub): StreamProducers {
  const producers = new Set<Producer>();
  return {
    open(channel, name, { kind = "text", leaseMs = DEFAULT_LEASE_MS } = {}) {
      const log = streamLog(channel, name);
      if (kind !== "text" && kind !== "bytes") throw wrong("kind", kind, '"text" or "bytes"');
      const lease = readAmount(leaseMs, "leaseMs");
      if (!(lease >= LEAST_LEASE_MS)) throw wrong("leaseMs", leaseMs, `at least ${LEAST_LEASE_MS} ms`);
      const { streams } = hub.broker;
      if (!streams) throw new EitherwayError("bad-request", "The broker of this server keeps no streams; use another.");
      const over = (producer: Producer): void => void producers.delete(producer);
      const producer = new Producer({ hub, streams, channel, name, log, kind, leaseMs: lease, over });
      producers.add(producer);
      return producer;
    },
    async close(graceMs) {
      if (producers.size === 0) return;
      await new Promise<void>((resolve) => {
        const stopWaiting = hub.clock.after(graceMs, resolve);
        void Promise.all([...producers].map((producer) => producer.close(CLOSING))).then(() => {
          stopWaiting();
          resolve();
        });
      });
    },
  };
}

function wrong(name: string, value: unknown, wanted: string): EitherwayError {
  return new EitherwayError("bad-request", `Option ${name} is ${quote(String(value))}; give ${wanted}.`);
}
