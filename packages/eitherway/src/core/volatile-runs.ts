/**
 * Volatile messages of one channel on their way: to those who are live and have room in this moment, and to nobody later (P1).
 *
 * They leave in runs of their own, behind the logged run of their turn. Who is full, or reads on from the log, misses them: they are
 * what is dropped first.
 */
import type { Message } from "../protocol/index.ts";
import type { LiveReader, RunSink } from "./live-reader.ts";
import type { Metrics } from "./ports.ts";
import { MESSAGE_OVERHEAD_BYTES, type RunPart, runPart, SharedRun } from "./run-bytes.ts";

/** A channel's subscriptions. */
export interface Listeners {
  liveReaders(): IterableIterator<LiveReader>;
  isLive(reader: LiveReader): boolean;
  /** Subscriptions that are not live. */
  readonly behind: number;
}

export interface VolatileRunsOptions {
  readonly channel: string;
  readonly metrics: Metrics;
  readonly listeners: Listeners;
  /** Bytes that came (+), or have been flushed or dropped (-). */
  unflushed(bytes: number): void;
  /** Gathers what is written to a link until the slice of the flush that is under way is over. */
  cork(sink: RunSink): void;
}

interface VolatileFlight {
  readonly shared: SharedRun;
  readonly bytes: number;
  readonly rest: Iterator<LiveReader>;
}

/** There is one only while there is something to flush. */
export class VolatileRuns {
  readonly #options: VolatileRunsOptions;
  #pending: Message[] = [];
  #pendingBytes = 0;
  #flight: VolatileFlight | undefined;

  constructor(options: VolatileRunsOptions) {
    this.#options = options;
  }

  /** A run is with some of those it is for. */
  get isFlying(): boolean {
    return this.#flight !== undefined;
  }

  get isEmpty(): boolean {
    return this.#flight === undefined && this.#pending.length === 0;
  }

  /** @param payloads bytes of all payloads */
  add(messages: readonly Message[], payloads: number): void {
    const bytes = payloads + messages.length * MESSAGE_OVERHEAD_BYTES;
    for (const message of messages) this.#pending.push(message);
    this.#pendingBytes += bytes;
    this.#options.unflushed(bytes);
  }

  /** Goes on with the run in flight, or takes the next one, for at most `budget` links. Returns what is left of the budget. */
  flush(budget: number, now: number): number {
    this.#flight ??= this.#takeOff();
    const flight = this.#flight;
    if (!flight) return budget;
    const { listeners, metrics } = this.#options;
    const count = flight.shared.run.messages.length;
    let [left, delivered, dropped] = [budget, 0, 0];
    for (; left > 0; left--) {
      const next = flight.rest.next();
      if (next.done) {
        this.#land(flight);
        dropped += listeners.behind * count;
        break;
      }
      if (!listeners.isLive(next.value)) continue; // it left between two slices
      const { subscriber } = next.value;
      if (subscriber.full) {
        dropped += count;
        continue;
      }
      delivered += count;
      this.#options.cork(subscriber); // with the logged run of this turn
      subscriber.writeRun(flight.shared.bytesFor(subscriber.framing), now);
    }
    metrics.count("volatile.delivered", delivered);
    if (dropped > 0) metrics.count("volatile.dropped", dropped);
    return left;
  }

  /** Nobody is there any more. */
  drop(): void {
    this.#options.unflushed(-this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#flight) this.#land(this.#flight);
  }

  #takeOff(): VolatileFlight | undefined {
    if (this.#pending.length === 0) return undefined;
    const { run, rest, bytes }: RunPart = runPart(this.#pending, this.#pendingBytes);
    this.#pending = rest;
    this.#pendingBytes -= bytes;
    const { channel, listeners } = this.#options;
    const shared = new SharedRun({ channel, epoch: undefined, messages: run });
    // As of now: who leaves and comes back between two slices must not have it twice.
    return { shared, bytes, rest: [...listeners.liveReaders()].values() };
  }

  #land(flight: VolatileFlight): void {
    if (this.#flight !== flight) return; // dropped meanwhile: a write found that the last link is over
    this.#flight = undefined;
    this.#options.unflushed(-flight.bytes);
  }
}
