/** What heartbeats are made of: pings, and when something was last written and heard. */
import type { Framing } from "../protocol/index.ts";

/**
 * A link that only listens gets its first ping this long after `welcome`, whatever else went: if it does not come, something on the
 * way holds back what is sent, and the client goes another way. (PROTOCOL.md, rule L6.)
 */
export const PULSE_MS = 1_000;

/** Pings that a peer may leave unanswered; the next deadline closes the link as `silent`. */
export const UNANSWERED_PINGS = 2;

const pings = new WeakMap<Framing, Uint8Array>();

/** Links of one framing share the bytes of their pings. */
export function pingOf(framing: Framing): Uint8Array {
  const known = pings.get(framing);
  if (known) return known;
  const bytes = framing.frame({ t: "ping" });
  pings.set(framing, bytes);
  return bytes;
}

/** Whole milliseconds modulo 2^32: a fraction would be a heap object of its own, two for each link. */
export function moment(now: number): number {
  return now | 0;
}

/** Right for spans up to 24 days; links say something every few seconds. */
export function msSince(past: number, now: number): number {
  return (moment(now) - past) | 0;
}
