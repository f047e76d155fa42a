/** What a server gives its broker, with room for all that a test publishes. */
import { DEFAULT_LIMITS } from "../../dist/core/index.js";

const HOUR_MS = 60 * 60_000;
const PLENTY = 2 ** 40;

/** @returns {import("../../dist/core/index.js").BrokerParts} */
export function createRoomyParts() {
  return {
    clock: {
      wall: Date.now,
      now: () => performance.now(),
      after(ms, run) {
        const timer = setTimeout(run, ms).unref();
        return () => clearTimeout(timer);
      },
      defer: setImmediate,
    },
    random: Math.random,
    limits: { ...DEFAULT_LIMITS, logBytes: PLENTY },
    retention: { messages: PLENTY, bytes: PLENTY, ageMs: HOUR_MS },
    channelRetention: undefined,
    keyWindowMs: HOUR_MS,
    metrics: { count() {} },
    logger: { info() {}, warn: console.error, error: console.error },
  };
}
