/** better-sse, the library that most Node servers use for event streams. */
import { nodeServer, npmPackage } from "../lib/npm-peer.js";
import { EVENT_STREAM } from "../lib/sse-dialect.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "better-sse",
  title: "better-sse",
  note: "channels and broadcast; its defaults",
  ...npmPackage("better-sse"),
  command: nodeServer("better-sse"),
  publisher: "control",
  dialects: { sse: EVENT_STREAM },
};
