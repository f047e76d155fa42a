/** The server of a walk: real, restarted now and then with empty logs, and with a store that fails when it is told to. */
import type { Broker, Random } from "../../../src/core/index.ts";
import { createMemoryBroker, DEFAULT_LIMITS, type HubStats, type Limits } from "../../../src/core/index.ts";
import { EitherwayError } from "../../../src/protocol/index.ts";
import { createEitherway, type EitherwayParts } from "../../../src/server/index.ts";
import type { FakeClock } from "../../../src/testing/index.ts";
import type { RequestHandler } from "../../../src/transports/index.ts";
import { draftOf } from "../../model/content.ts";
import { overheard } from "../../model/overheard-broker.ts";
import { witnessed } from "../../support/witness.ts";
import type { Books } from "./books.ts";

export interface WalkServer {
  readonly handler: RequestHandler;
  readonly stats: HubStats;
  /** The store refuses everything for now, or works again. */
  storeWorks: boolean;
  publish(channel: string, count: number, collapse: boolean): Promise<void>;
  /** Ends, politely to those that are still linked; another one takes its place. */
  restart(): void;
  end(): Promise<void>;
}

export interface WalkServerOptions {
  readonly clock: FakeClock;
  readonly random: Random;
  readonly books: Books;
  readonly keeps: number;
  readonly keyWindowMs: number;
  readonly limits: Partial<Limits>;
  readonly pingMs: number;
  failed(error: unknown): void;
}

/** Logs are let go by number only. */
const NEVER_MS = 1_000 * 3_600_000;
const MANY_BYTES = 1_000_000_000;

const COLLAPSE_KEYS = 3;
const SIZE = 10;

export function createWalkServer(options: WalkServerOptions): WalkServer {
  const { clock, random, books, failed, keyWindowMs, pingMs } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const logger = witnessed({ error: (event: string, fields?: unknown) => failed([event, fields]) });
  let storeWorks = true;
  /** Bodies of the server count down, so that they differ from those of the client. */
  let bodies = 0;
  let broker: Broker;
  let parts = start();

  function start(): EitherwayParts {
    books.begin();
    const retention = { messages: options.keeps, bytes: MANY_BYTES, ageMs: NEVER_MS };
    const memory = createMemoryBroker({ clock, random, limits, retention, keyWindowMs });
    broker = overheard(memory, { truth: books, clock, random, failed });
    return createEitherway(
      { clock, random, logger },
      { broker: () => failing(broker, () => !storeWorks), limits, pingMs },
    );
  }

  return {
    get handler() {
      return parts.handler;
    },
    get stats() {
      return parts.eitherway.stats();
    },
    get storeWorks() {
      return storeWorks;
    },
    set storeWorks(works) {
      storeWorks = works;
    },
    async publish(channel, count, collapse) {
      const drafts = Array.from({ length: count }, (_, i) => {
        const draft = draftOf(--bodies, SIZE);
        return collapse ? { ...draft, collapse: `k${i % COLLAPSE_KEYS}` } : draft;
      });
      await broker.publish(channel, drafts);
    },
    restart() {
      parts.eitherway.close().catch(failed);
      clock.advance(1); // another millisecond is another epoch
      parts = start();
    },
    end: () => parts.eitherway.close(),
  };
}

/** Refuses for now, in the way of a store that is full, or away. */
function failing(broker: Broker, isAway: () => boolean): Broker {
  const away = (): EitherwayError => new EitherwayError("unavailable", "The store of the walk is away.");
  return {
    ...broker,
    async publish(channel, drafts) {
      if (!isAway()) return broker.publish(channel, drafts);
      return drafts.map(() => ({ ok: false, error: away() }));
    },
    async read(channel, after, limit) {
      if (isAway()) throw away();
      return broker.read(channel, after, limit);
    },
    async watch(channel, sink) {
      if (isAway()) throw away();
      return broker.watch(channel, sink);
    },
  };
}
