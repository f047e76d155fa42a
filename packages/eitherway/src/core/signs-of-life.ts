/** What heartbeats are made of: pings, and when something was last written and heard. */
import type { Framing } from "../protocol/index.ts";

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
