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

/** Empty where it was stopped before its end: half a trial says nothing. */
export async function tryCut({
  sides,
  channel,
  publisher,
  everyMs,
  signal,
}: CutOptions): Promise<readonly FaultOutcome[]> {
  const watched = sides.map((side) => watch(side, channel));
  try {
    await Promise.all(watched.map(({ client }) => opened(client, channel, OPEN_MS)));
    await playTrace({ messages: MESSAGES, everyMs }, pageClock, (number, at) => {
      if (signal.aborted) return Promise.resolve();
      if (CUTS_AFTER.includes(number)) for (const one of watched) one.cut();
      return publisher.publish(channel, { part: "down", number, at, fill: "" });
    });
    const until = pageClock.now() + PATIENCE_MS;
    while (watched.some((one) => one.missing() > 0) && pageClock.now() < until && !signal.aborted) {
      await pause(LOOK_EVERY_MS, signal);
    }
    return signal.aborted ? [] : watched.map((one) => one.outcome());
  } finally {
    await Promise.all(watched.map(({ client }) => client.close()));
  }
}

interface Watched {
  readonly client: CoreClient;
  cut(): void;
  missing(): number;
  outcome(): FaultOutcome;
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
    missing: () => MESSAGES - seen.size,
    outcome: () => ({
      fault: "cut",
      side: side.id,
      ...(recoveries.length === CUTS_AFTER.length && { recoveredMs: Math.max(...recoveries) }),
      sent: MESSAGES,
      lost: MESSAGES - seen.size,
      doubled,
      gaps: client.status.gaps,
    }),
  };
}
