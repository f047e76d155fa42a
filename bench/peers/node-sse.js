/** What programs have that write event streams themselves. */
import { nodeServer } from "../lib/npm-peer.js";
import { EVENT_STREAM } from "../lib/sse-dialect.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "node-sse",
  title: "Node SSE by hand",
  note: "node:http, one string an event, res.write to each response; no ids, no resume",
  version: async () => process.versions.node,
  missing: async () => undefined,
  command: nodeServer("node-sse"),
  publisher: "control",
  dialects: { sse: EVENT_STREAM },
};
