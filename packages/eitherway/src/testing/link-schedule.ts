/** When the bytes of one direction arrive over a link that is long, thin or lossy. Pure: whoever asks brings the time. */
import type { Random } from "../core/index.ts";
import type { LinkShape } from "./fault.ts";
import { createSeededRandom } from "./seeded-random.ts";

/**
 * @param now when they came, in ms
 * @param bytes how many there are
 */
export type LinkSchedule = (now: number, bytes: number) => Due;

export interface Due {
  /** In ms. Never before what came earlier: TCP keeps order. */
  readonly at: number;
  readonly isStalled: boolean;
}

const MS_PER_SECOND = 1_000;

export function createLinkSchedule(shape: LinkShape, random: Random): LinkSchedule {
  const { delayMs = 0, jitterMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY, stall } = shape;
  let free = 0; // when what was taken before has left
  let last = 0;

  function endOfStall(at: number): number {
    if (!stall) return at;
    const period = Math.floor(at / stall.everyMs);
    const begin = period * stall.everyMs + placeOf(period) * (stall.everyMs - stall.ms);
    return begin <= at && at < begin + stall.ms ? begin + stall.ms : at;
  }

  return (now, bytes) => {
    free = Math.max(now, free) + (MS_PER_SECOND * bytes) / bytesPerSecond;
    const unstalled = Math.max(last, free + delayMs + jitterMs * random());
    last = endOfStall(unstalled);
    return { at: last, isStalled: last > unstalled };
  };
}

/**
 * Where in its period a stall begins, from 0 to 1. The same for all connections, as when a queue on the way overflows; at random, since
 * whoever repeats something would else meet stalls always or never.
 */
function placeOf(period: number): number {
  return createSeededRandom(period)();
}
