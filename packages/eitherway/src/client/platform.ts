/** What browsers, workers and Node have in common: time, chance, and where a page is. */
import type { ClientPlatform } from "./client.ts";
import type { ClientClock, Wakeups } from "./ports.ts";

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

/** The network is back, or somebody looks at the page again. Outside of pages neither happens. */
const wakeups: Wakeups = (wake) => {
  if (typeof addEventListener !== "function" || typeof document !== "object") return () => {};
  const onVisible = (): void => {
    if (document.visibilityState === "visible") wake();
  };
  addEventListener("online", wake);
  addEventListener("pageshow", wake);
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    removeEventListener("online", wake);
    removeEventListener("pageshow", wake);
    document.removeEventListener("visibilitychange", onVisible);
  };
};

export const webPlatform: Omit<ClientPlatform, "transports"> = {
  clock,
  random: Math.random,
  wakeups,
  createClientId,
  baseUrl: typeof location === "object" ? location.href : undefined,
};
