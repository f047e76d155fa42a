/** How long a run takes, from the sizes of its rounds: what is promised in minutes is computed. */

/** @typedef {Pick<import("./measure.js").Run, "scenario" | "variant">} Round */

// Of one round, beside its warm-up and window; of the slowest peers (Node), on a machine that does nothing else.
const ROUND_MS = 900; // the server starts, the plan is written and read, nothing comes twice, the server ends
const LINK_MS = 0.5; // opened, subscribed, closed
const IDLE_CHANNEL_MS = 0.02; // its one message
const MISSED_MS = 0.002; // a message that one link has missed

const MS_PER_MINUTE = 60_000;

/** @param {Round} round */
export function roundMs({ scenario, variant }) {
  const { links, warmupMs, windowMs, idleChannels = 0, messages = 0 } = { ...scenario.full, ...variant.full };
  const { missed = 0 } = variant;
  return (
    ROUND_MS +
    warmupMs +
    windowMs +
    links * (LINK_MS + missed * MISSED_MS) +
    idleChannels * IDLE_CHANNEL_MS * (1 + messages)
  );
}

/**
 * Rounded up.
 * @param {readonly Round[]} rounds
 */
export function minutesOf(rounds) {
  return Math.ceil(rounds.reduce((sum, round) => sum + roundMs(round), 0) / MS_PER_MINUTE);
}
