/** What survives a cut: all sides at the same time hear the same numbered messages, and twice the page ends their links. */
import type { CoreClient } from "eitherway/client/core";
import { type FaultOutcome, playTrace, type RoundMessage } from "eitherway/instrument";
import { pageClock, pause } from "./clock.ts";
import type { Publisher } from "./publisher.ts";
import { createSideClient, type MeasuredSide, opened } from "./way.ts";

export interface CutOptions {
  readonly sides: readonly MeasuredSide[];
  readonly channel: string;
  readonly publisher: Publisher;
  /** Milliseconds between two messages. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

const MESSAGES = 60;
/** After these messages, while more of them come. */
const CUTS_AFTER: readonly number[] = [20, 40];
const OPEN_MS = 6_000;
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 20;
/** Of all of it: a connection that died in silence must not hold the page up. */
const TRIAL_MS = 20_000;

/** Empty where it was stopped before its end: half a trial says nothing. */
export async function tryCut(options: CutOptions): Promise<readonly FaultOutcome[]> {
  const { sides, channel, publisher, everyMs } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(TRIAL_MS)]);
  const stored = new Set<number>();
  const watched = sides.map((side) => watch(side, channel));
  try {
    // What does not open now is told by what it misses.
    await Promise.race([
      Promise.allSettled(watched.map(({ client }) => opened(client, channel, OPEN_MS))),
      pause(OPEN_MS, signal),
    ]);
    await playTrace({ messages: MESSAGES, everyMs }, pageClock, async (number, at) => {
      if (CUTS_AFTER.includes(number)) for (const one of watched) one.cut();
      await publisher.publish(channel, { part: "down", number, at, fill: "" }, signal).then(
        () => stored.add(number),
        () => {}, // nobody promised to deliver it
      );
    });
    const until = pageClock.now() + PATIENCE_MS;
    while (watched.some((one) => one.missing(stored) > 0) && pageClock.now() < until && !signal.aborted) {
      await pause(LOOK_EVERY_MS, signal);
    }
    return options.signal.aborted ? [] : watched.map((one) => one.outcome(stored));
  } finally {
    await Promise.all(watched.map(({ client }) => client.close()));
  }
}

interface Watched {
  readonly client: CoreClient;
  cut(): void;
  /** How many of these did not come. */
  missing(stored: ReadonlySet<number>): number;
  outcome(stored: ReadonlySet<number>): FaultOutcome;
}

function watch(side: MeasuredSide, channel: string): Watched {
  const client = createSideClient(side);
  const seen = new Set<number>();
  const recoveries: number[] = [];
  let doubled = 0;
  let cutAt: number | undefined;

  /** The first thing that comes after a cut: a message, or the word that there is none to catch up with. */
  function recovered(): void {
    if (cutAt !== undefined) recoveries.push(pageClock.now() - cutAt);
    cutAt = undefined;
  }

  const missing = (stored: ReadonlySet<number>): number => [...stored].filter((number) => !seen.has(number)).length;
  const handle = client.channel<RoundMessage>(channel);
  handle.on("message", ({ number }) => {
    recovered();
    if (seen.has(number)) doubled++;
    seen.add(number);
  });
  handle.on("live", recovered);
  return {
    client,
    cut() {
      cutAt = pageClock.now();
      client.reconnect();
    },
    missing,
    outcome: (stored) => ({
      fault: "cut",
      side: side.id,
      ...(recoveries.length === CUTS_AFTER.length && { recoveredMs: Math.max(...recoveries) }),
      sent: stored.size,
      lost: missing(stored),
      doubled,
      gaps: client.status.gaps,
    }),
  };
}
