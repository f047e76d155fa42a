/** What browsers, workers and Node have in common: time, chance, and where a page is. */
import type { CorePlatform } from "./assemble-client.ts";
import type { ClientClock } from "./ports.ts";

/** Platforms count in 32 bits, and take more for nothing: a server that asks to be left alone for a year would be hammered. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const clock: ClientClock = {
  wall: () => Date.now(),
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

const CLIENT_ID_BYTES = 12; // 96 bits: no two clients ever share one
const HEX = 16;

/** Hard to guess too, since whoever knows an id can spoil the keys of its publishes. */
function createClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CLIENT_ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(HEX).padStart(2, "0")).join("");
}

export const corePlatform: CorePlatform = {
  clock,
  random: Math.random,
  createClientId,
  baseUrl: typeof location === "object" ? location.href : undefined,
};
