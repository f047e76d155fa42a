/** A short value that tells the body of one command from another's, so that a reused key is noticed (`key-reused`). */
import type { Payload } from "../protocol/index.ts";

/**
 * 53 bits over event, kind and payload, in two multiplicative lanes (after "cyrb53"): about 1 ns a byte without a platform's
 * crypto, and one number to remember. It guards against mistakes, one in 10^16 of which it misses. It need not withstand an
 * attacker: keys are per user and channel, so who makes two bodies collide only gets his own first receipt again.
 */
export function fingerprint(event: string, payload: Payload): number {
  // The length keeps event and payload apart: "ab" + "c" is not "a" + "bc".
  const seed = event.length * KINDS.length + KINDS.indexOf(payload.kind);
  let a = Math.imul(0xdeadbeef ^ seed, LANE_A);
  let b = Math.imul(0x41c6ce57 ^ seed, LANE_B);
  for (let i = 0; i < event.length; i++) {
    const unit = event.charCodeAt(i);
    a = Math.imul(a ^ unit, LANE_A);
    b = Math.imul(b ^ unit, LANE_B);
  }
  if (payload.kind === "bytes") {
    for (const byte of payload.data) {
      a = Math.imul(a ^ byte, LANE_A);
      b = Math.imul(b ^ byte, LANE_B);
    }
  } else {
    for (let i = 0; i < payload.data.length; i++) {
      const unit = payload.data.charCodeAt(i);
      a = Math.imul(a ^ unit, LANE_A);
      b = Math.imul(b ^ unit, LANE_B);
    }
  }
  // The last units have touched only some bits so far: spread them, and cross the lanes.
  a = Math.imul(a ^ (a >>> 16), MIX_1) ^ Math.imul(b ^ (b >>> 13), MIX_2);
  b = Math.imul(b ^ (b >>> 16), MIX_1) ^ Math.imul(a ^ (a >>> 13), MIX_2);
  return (b & HIGH_BITS) * 2 ** 32 + (a >>> 0);
}

const KINDS: readonly Payload["kind"][] = ["json", "text", "bytes"];

// Odd constants with well spread bits: of the golden ratio and of the mixer of MurmurHash3.
const LANE_A = 0x9e3779b1;
const LANE_B = 0x5f356495;
const MIX_1 = 0x85ebca6b;
const MIX_2 = 0xc2b2ae35;
const HIGH_BITS = 0x1fffff; // 21 + 32 bits: the largest whole number that a double holds
