/** Bun: another JavaScript runtime, with the engine of uWebSockets inside. */

import { run } from "../../scripts/lib/process.js";
import { findBun } from "../lib/bring-peers.js";
import { serverFile } from "../lib/npm-peer.js";
import { PLAIN } from "../lib/plain-dialect.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "bun",
  title: "Bun",
  note: "topics and publish of Bun.serve; no compression",
  async version() {
    const { stdout } = await run(findBun() ?? "bun", ["--version"]);
    return stdout.trim();
  },
  missing: async () => (findBun() === undefined ? "npm did not bring Bun into .cache" : undefined),
  command: (options) => ({
    program: findBun() ?? "bun",
    args: [serverFile("bun"), JSON.stringify(options)],
    env: { NODE_ENV: "production" },
  }),
  publisher: "control",
  dialects: { websocket: PLAIN },
};
