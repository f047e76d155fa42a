/**
 * Publishes without a pause until it is killed, and says each acknowledgement as soon as it is there, one a line:
 * `node writer.js DIRECTORY FSYNC RUN PUBLISHERS`. Runs the build, as whoever installs the package does.
 */
import { writeSync } from "node:fs";
import { file } from "../../dist/file/index.js";
import { createRoomyParts } from "./roomy-parts.js";

/** Each with a channel of its own, on which it waits for its acknowledgements. */
const PUBLISHERS = 6;
/** Of one call; from many publishers at once, so that commits are under way whenever the end comes. */
const MOST_DRAFTS = 8;
const MOST_BYTES = 9_000; // some are larger than a page of the database

const [directory = "", fsync, run = "", publishers = PUBLISHERS] = process.argv.slice(2);
const broker = file(directory, { fsync: /** @type {"always"} */ (fsync) })(createRoomyParts());

/** @param {number} channel */
async function publishAll(channel) {
  for (let call = 0, counter = 0; ; call++) {
    const texts = Array.from({ length: 1 + (call % MOST_DRAFTS) }, () => textOf(channel, ++counter));
    const receipts = await broker.publish(
      `room/${channel}`,
      texts.map((data, at) => draftOf(data, counter - texts.length + 1 + at)),
    );
    const lines = receipts.map((receipt, at) => {
      if (!receipt.ok) throw receipt.error;
      return `${channel} ${receipt.id} ${texts[at]?.split(" ")[0]}\n`;
    });
    writeSync(1, lines.join(""));
  }
}

/**
 * A name that no other has, and so many letters that only the whole text has them.
 *
 * @param {number} channel
 * @param {number} counter
 */
function textOf(channel, counter) {
  const letters = 1 + ((counter * 7919 + channel * 104_729) % MOST_BYTES);
  return `${run}.${channel}.${counter} ${letters} ${"x".repeat(letters)}`;
}

/**
 * @param {string} data
 * @param {number} counter
 * @returns {import("../../dist/core/index.js").Draft}
 */
function draftOf(data, counter) {
  return {
    event: "message",
    payload: { kind: "text", data },
    key: { kind: "counted", user: "ana", client: `run-${run}`, counter },
  };
}

for (let channel = 0; channel < Number(publishers); channel++) void publishAll(channel);
