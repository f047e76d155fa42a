/** uWebSockets.js: C++ below JavaScript. */
import { existsSync } from "node:fs";
import { nodeServer, npmPackage } from "../lib/npm-peer.js";
import { PLAIN } from "../lib/plain-dialect.js";
import { BINARY, PACKAGE } from "../lib/uws-binary.js";

const { version, missing } = npmPackage(PACKAGE);

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "uws",
  title: "uWebSockets.js",
  note: `topics and publish; the unofficial repack ${PACKAGE} of 29 June 2023, as uWebSockets.js itself is in no registry; newer repacks need a newer glibc than 2.36`,
  version,
  async missing() {
    const notInstalled = await missing();
    if (notInstalled !== undefined || existsSync(BINARY)) return notInstalled;
    return `the repack has no binary for Node ${process.versions.node} on ${process.platform} ${process.arch}`;
  },
  command: nodeServer("uws"),
  publisher: "control",
  dialects: { websocket: PLAIN },
};
