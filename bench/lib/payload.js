/**
 * The payload of every message of the benchmark (see types.js): 128 bytes of JSON with a mark, the number of the message in
 * its channel, and the channel.
 */

const PAYLOAD_BYTES = 128;
const FIRST_NUMBER = 1_000_000_001;

const CHANNEL_DIGITS = 5;
const EMPTY_BYTES = JSON.stringify({ m: mark(0, 0), text: "" }).length;
const PADDING =
  "the quick brown fox jumps over the lazy dog and runs away into the deep green forest, where it sleeps until next morning".slice(
    0,
    PAYLOAD_BYTES - EMPTY_BYTES,
  );

/**
 * @param {number} channel 17 for c17
 * @param {number} count of the message in its channel, from 1
 */
export function payloadObject(channel, count) {
  return { m: mark(channel, count), text: PADDING };
}

/**
 * @param {number} channel
 * @param {number} count
 */
function mark(channel, count) {
  return `^${FIRST_NUMBER - 1 + count}.${String(channel).padStart(CHANNEL_DIGITS, "0")}`;
}
