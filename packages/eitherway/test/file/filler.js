/**
 * Publishes until the disk is full, and once more when there is room again: `node filler.js DIRECTORY FSYNC`. Says what came of it as JSON.
 * Runs the build.
 */
import { file } from "../../dist/file/index.js";
import { createRoomyParts } from "./roomy-parts.js";

const BYTES = 20_000;
const CALLS = 8; // at once
const ALL = { messages: 10_000, bytes: 2 ** 30 };

const [directory = "", fsync] = process.argv.slice(2);
/** @type {string[]} */
const logged = [];
let failed = 0;
const parts = {
  ...createRoomyParts(),
  metrics: {
    count(/** @type {string} */ name) {
      if (name === "storage.failed") failed++;
    },
  },
  logger: {
    info() {},
    warn: console.error,
    /** @type {import("../../dist/core/index.js").Logger["error"]} */
    error: (event, fields) => void logged.push(`${event} ${JSON.stringify(fields)}`),
  },
};
/** @type {(ms: number) => Promise<void>} */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const broker = file(directory, { fsync: /** @type {"always"} */ (fsync) })({
  ...parts,
  retention: { ...parts.retention, ageMs: 2_000 },
});
const draft = { event: "message", payload: { kind: /** @type {const} */ ("text"), data: "x".repeat(BYTES) } };
let heard = 0;
await broker.watch("a", ({ messages }) => {
  heard += messages.length;
});

const started = performance.now();
let acknowledged = 0;
const refused = new Set();
let retryable = true;
while (refused.size === 0) {
  const receipts = await Promise.all(Array.from({ length: CALLS }, () => broker.publish("a", [draft])));
  for (const receipt of receipts.flat()) {
    if (receipt.ok) acknowledged++;
    else {
      refused.add(receipt.error.code);
      retryable &&= receipt.error.retry;
    }
  }
}
const shown = failed;
await broker.publish("a", [draft]); // at once, so the disk is not asked
const triedAgain = failed > shown;
const page = await broker.read("a", "start", ALL);
const kept = page.kind === "messages" ? page.messages.length : -1;
await pause(Math.max(0, 3_100 - (performance.now() - started))); // what is kept is too old by then
await broker.read("a", "start", ALL); // lets it go
const [again] = await broker.publish("b", [draft]);
await broker.close();
console.log(
  JSON.stringify({
    refused: [...refused],
    retryable,
    failed: shown,
    triedAgain,
    logged,
    acknowledged,
    heard,
    kept,
    afterRoom: again?.ok ? "ok" : again?.error.code,
  }),
);
process.exit(0);
