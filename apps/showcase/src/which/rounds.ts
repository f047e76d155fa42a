/** Rounds of all sides in turn, so that whatever slows the machine or the network for a while slows them all. */
import {
  type Losses,
  median,
  playRound,
  playTrace,
  quantile,
  type RoundPlan,
  sortedUp,
  type Tally,
} from "eitherway/instrument";
import { pageClock } from "./clock.ts";
import { type ClockBounds, oneWays, type Stamps } from "./clock-offset.ts";
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
  readonly everyMs: number;
  readonly losses: Readonly<Record<string, Losses>>;
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
  const losses = Object.fromEntries(sides.map(({ id }) => [id, { sent: 0, lost: 0, doubled: 0, failed: 0 } as Losses]));
  const stamps: SideStamps[] = [];
  const until = pageClock.now() + LONGEST_MS;
  let rounds = 0;
  for (let number = -WARM_UPS; number < ROUNDS && pageClock.now() < until && !signal.aborted; number++) {
    // The order alternates: what the first one leaves behind must not always meet the same one.
    for (const side of number % 2 === 0 ? sides : sides.toReversed()) {
      if (signal.aborted) break;
      const played = await playSide(side, number, plan, options).catch((thrown: Error) => thrown);
      if (signal.aborted || number < 0) continue;
      const sum = losses[side.id] as Losses;
      if (played instanceof Error) Object.assign(sum, { failed: sum.failed + 1, failure: played.message });
      else {
        for (const key of ["sent", "lost", "doubled"] as const) sum[key] += played[key];
        stamps.push({ side, number, down: played.down, up: played.up });
      }
    }
    if (number < 0 || signal.aborted) continue;
    rounds = number + 1;
    onRound(rounds);
  }
  putOneWays(stamps, bounds, tally);
  return { rounds, everyMs, losses };
}

interface SideStamps {
  readonly side: MeasuredSide;
  readonly number: number;
  readonly down: readonly Stamps[];
  readonly up: readonly Stamps[];
}

async function playSide(
  side: MeasuredSide,
  number: number,
  plan: RoundPlan,
  { channel: parent, publisher, tally, bounds, signal }: RoundsOptions,
) {
  const channel = `${parent}/${side.id}/${number + WARM_UPS}`; // of its own: late messages of another round are none of this one
  const stamps = { down: [] as Stamps[], up: [] as Stamps[], burst: [] as Stamps[] };
  const way = createBrowserWay({
    side,
    channel,
    signal,
    async order({ fill, ...trace }) {
      await playTrace(trace, pageClock, (count, at) =>
        publisher.publish(channel, { part: "down", number: count, at, fill }),
      );
    },
    onStamps(part, one) {
      bounds.take(one);
      stamps[part].push(one);
    },
  });
  const { openMs, deliveryMs, roundTripMs, upPerSecond, sent, lost, doubled } = await playRound(way, plan, pageClock);
  if (number >= 0 && !signal.aborted) {
    tally.put(side.id, number, {
      open: openMs,
      ...(deliveryMs.length > 0 && {
        delivery50: median(deliveryMs),
        delivery95: quantile(sortedUp(deliveryMs), P95),
      }),
      ...(roundTripMs.length > 0 && { roundTrip50: median(roundTripMs) }),
      ...(upPerSecond !== undefined && { upstreamRate: upPerSecond }),
    });
    tally.putDelays(side.id, "delivery50", deliveryMs);
    tally.putDelays(side.id, "roundTrip50", roundTripMs);
  }
  return { sent, lost, doubled, ...stamps };
}

/** At the end, when all messages have said how far the clocks are apart. */
function putOneWays(stamps: readonly SideStamps[], bounds: ClockBounds, tally: Tally<FigureName>): void {
  const offset = bounds.offset();
  if (!offset) return;
  for (const { side, number, down, up } of stamps) {
    if (down.length === 0 || up.length === 0) continue;
    tally.put(side.id, number, {
      oneWayDown: median(down.map((one) => oneWays(one, offset).down)),
      oneWayUp: median(up.map((one) => oneWays(one, offset).up)),
    });
  }
}
