/**
 * How uWebSockets, and Bun with it inside, are told how often to ping: they take the seconds of silence until they give a client up,
 * and ping a margin before that, which is 8 s for timeouts from 16 to 31 s.
 */

const DEFAULT_S = 120; // of both
const MARGIN_S = 8;
const STEP_S = 4; // of the timers inside
const MS_PER_S = 1_000;

/** @param {number | undefined} heartbeatMs */
export function idleTimeoutS(heartbeatMs) {
  if (heartbeatMs === undefined) return DEFAULT_S;
  return Math.ceil((heartbeatMs / MS_PER_S + MARGIN_S) / STEP_S) * STEP_S;
}
