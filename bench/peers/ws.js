/** `ws`, the WebSocket library that most Node servers use. */
import { nodeServer, npmPackage } from "../lib/npm-peer.js";
import { PLAIN } from "../lib/plain-dialect.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "ws",
  title: "ws",
  note: "one JSON.stringify a message, send to each client; no compression; with its addon bufferutil",
  ...npmPackage("ws"),
  command: nodeServer("ws"),
  publisher: "control",
  dialects: { websocket: PLAIN },
};
