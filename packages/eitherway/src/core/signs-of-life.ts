/** What heartbeats are made of: pings, and when something was last written and heard. */
import type { Framing } from "../protocol/index.ts";

let lastPing: { readonly framing: Framing; readonly bytes: Uint8Array } | undefined;

/** Links of one framing share the bytes of their pings. */
export function pingOf(framing: Framing): Uint8Array {
  if (lastPing?.framing !== framing) lastPing = { framing, bytes: framing.frame({ t: "ping" }) };
  return lastPing.bytes;
}

/** Whole milliseconds modulo 2^32: a fraction would be a heap object of its own, two for each link. */
export function moment(now: number): number {
  return now | 0;
}

/** Right for spans up to 24 days; links say something every few seconds. */
export function msSince(past: number, now: number): number {
  return (moment(now) - past) | 0;
}
