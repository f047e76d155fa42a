/** Rounds of all sides in turn, so that whatever slows the machine or the network for a while slows them all. */
import {
  type ClockBounds,
  median,
  type Observed,
  oneWays,
  playRound,
  playTrace,
  quantile,
  type RoundMessage,
  type RoundPlan,
  type RoundResult,
  type Stamps,
  sortedUp,
  type Tally,
} from "eitherway/instrument";
import { pageClock } from "./clock.ts";
import type { FigureName } from "./figure-kinds.ts";
import type { Publisher } from "./publisher.ts";
import { createBrowserWay, type MeasuredSide } from "./way.ts";

export interface RoundsOptions {
  readonly sides: readonly MeasuredSide[];
  /** Channels of this run are below it. */
  readonly channel: string;
  readonly publisher: Publisher;
  /** Of one request, in ms. */
  readonly roundTripMs: number;
  readonly tally: Tally<FigureName>;
  readonly bounds: ClockBounds;
  readonly signal: AbortSignal;
  /** Hears of each round that all sides have played. */
  onRound(rounds: number): void;
}

export interface Played {
  readonly rounds: number;
  /** Milliseconds between two messages. */
  readonly everyMs: number;
  /** Why it came to its end early by itself, for people. */
  readonly ended?: string;
  /** By side. */
  readonly observed: readonly Observed[];
}

/** Enough for a verdict even when one round of them says the opposite. */
export const ROUNDS = 15;
/** On a slow network fewer rounds have to do. */
const LONGEST_MS = 60_000;
/** Connection pools and compilers get warm. */
const WARM_UPS = 1;

const MESSAGES = 8;
/** Two frames of a screen would be longer: what is held back for that long is seen. */
const EVERY_MS = 15;
/** Over HTTP/1.1 so many POSTs may be on their way, while the stream has one of the browser's six connections and its commands another. */
const POSTS_AT_ONCE = 4;
const BURST_MS = 40;
const PATIENCE_MS = 3_000;
/** Above what all that patience adds up to: what is not over by then, a connection that died in silence has in its hands. */
const ROUND_MS = 15_000;
const FILL = "x".repeat(64); // with what stands beside it, a chat message

const P95 = 0.95;

export async function playRounds(options: RoundsOptions): Promise<Played> {
  const { sides, publisher, roundTripMs, bounds, tally, signal, onRound } = options;
  const everyMs = publisher.over === "POST" ? Math.max(EVERY_MS, roundTripMs / POSTS_AT_ONCE) : EVERY_MS;
  const plan: RoundPlan = {
    trace: { messages: MESSAGES, everyMs, fill: FILL },
    burstMs: BURST_MS,
    patienceMs: PATIENCE_MS,
  };
  const played: SideRound[] = [];
  const until = pageClock.now() + LONGEST_MS;
  let rounds = 0;
  let ended: string | undefined;
  for (let number = -WARM_UPS; sides.length > 0 && number < ROUNDS && !ended; number++) {
    // The order alternates: what the first one leaves behind must not always meet the same one.
    const order = number % 2 === 0 ? sides : sides.toReversed();
    const round: SideRound[] = [];
    for (const side of order) {
      if (!signal.aborted) round.push({ side, number, ...(await playSide(side, number, plan, options)) });
    }
    if (signal.aborted) break; // in the middle of this one
    if (number < 0) continue;
    played.push(...round);
    for (const { side, result } of round) if (result) put(tally, side.id, number, result);
    rounds = number + 1;
    onRound(rounds);
    ended = endOf(round, rounds, until);
  }
  putOneWays(played, bounds, tally);
  const observed = sides.map((side) => observe(side, everyMs, played));
  return { rounds, everyMs, observed, ...(ended !== undefined && { ended }) };
}

/** Why there are no further rounds, although there should be. */
function endOf(round: readonly SideRound[], rounds: number, until: number): string | undefined {
  if (round.every(({ result }) => !result)) return "ended, because nothing got through any more";
  if (rounds < ROUNDS && pageClock.now() > until) return "ended, because the network is too slow for more";
  return undefined;
}

interface SideRound extends Outcome {
  readonly side: MeasuredSide;
  readonly number: number;
}

interface Outcome {
  /** Absent: it came to nothing. */
  readonly result?: SidePlayed;
  readonly failure?: string;
}

interface SidePlayed extends RoundResult {
  readonly stamps: Readonly<Record<RoundMessage["part"], readonly Stamps[]>>;
}

async function playSide(
  side: MeasuredSide,
  number: number,
  plan: RoundPlan,
  { channel: parent, publisher, bounds, signal }: RoundsOptions,
): Promise<Outcome> {
  const channel = `${parent}/${side.id}/${number + WARM_UPS}`; // of its own: late messages of another round are none of this one
  const lost = new AbortController();
  const within = AbortSignal.any([signal, lost.signal, AbortSignal.timeout(ROUND_MS)]);
  const stamps = { down: [] as Stamps[], up: [] as Stamps[], burst: [] as Stamps[] };
  const way = createBrowserWay({
    side,
    channel,
    signal: within,
    async order({ fill, ...trace }) {
      await playTrace(trace, pageClock, (count, at) =>
        publisher.publish(channel, { part: "down", number: count, at, fill }, within),
      );
    },
    onLost: (why) => lost.abort(why),
    onStamps(part, one) {
      bounds.take(one);
      stamps[part].push(one);
    },
  });
  return playRound(way, plan, pageClock).then(
    (result) => ({ result: { ...result, stamps } }),
    (thrown: Error) => ({ failure: lost.signal.aborted ? String(lost.signal.reason) : thrown.message }),
  );
}

function put(
  tally: Tally<FigureName>,
  side: string,
  number: number,
  { openMs, deliveryMs, roundTripMs, upPerSecond }: SidePlayed,
): void {
  tally.put(side, number, {
    open: openMs,
    ...(deliveryMs.length > 0 && { delivery50: median(deliveryMs), delivery95: quantile(sortedUp(deliveryMs), P95) }),
    ...(roundTripMs.length > 0 && { roundTrip50: median(roundTripMs) }),
    ...(upPerSecond !== undefined && { upstreamRate: upPerSecond }),
  });
  tally.putDelays(side, "delivery50", deliveryMs);
  tally.putDelays(side, "roundTrip50", roundTripMs);
}

/** At the end, when all messages have said how far the clocks are apart. */
function putOneWays(played: readonly SideRound[], bounds: ClockBounds, tally: Tally<FigureName>): void {
  const offset = bounds.offset();
  if (!offset) return;
  for (const { side, number, result } of played) {
    if (!result || result.stamps.down.length === 0 || result.stamps.up.length === 0) continue;
    const { down, up } = result.stamps;
    tally.put(side.id, number, {
      oneWayDown: median(down.map((one) => oneWays(one, offset).down)),
      oneWayUp: median(up.map((one) => oneWays(one, offset).up)),
    });
  }
}

function observe(side: MeasuredSide, everyMs: number, all: readonly SideRound[]): Observed {
  const own = all.filter((one) => one.side === side);
  const played = own.flatMap(({ result }) => result ?? []);
  const failures = own.flatMap(({ failure }) => failure ?? []);
  const sum = (what: "sent" | "lost" | "doubled") => played.reduce((total, one) => total + one[what], 0);
  const failure = failures.at(-1);
  return {
    side,
    rounds: played.map(({ deliveryMs }) => deliveryMs),
    answers: played.map(({ roundTripMs }) => roundTripMs),
    bursts: played.map(({ stamps }) => stamps.burst.map(({ sent, arrived }) => arrived - sent)),
    everyMs,
    gathers: side.id === "poll",
    losses: {
      ...{ sent: sum("sent"), lost: sum("lost"), doubled: sum("doubled"), failed: failures.length },
      ...(failure !== undefined && { failure }),
    },
  };
}
