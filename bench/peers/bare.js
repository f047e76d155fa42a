/** What the promises cost: the bytes that Eitherway writes, by nothing but `socket.write`. */
import { upgrade } from "../lib/handshakes.js";
import { nodeServer } from "../lib/npm-peer.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "bare",
  title: "bare socket.write",
  note: "no server to use: node:http takes the upgrade, then each link gets the bytes of Eitherway's run by one socket.write a channel; no ids, log, cursors, limits",
  version: async () => process.versions.node,
  missing: async () => undefined,
  command: nodeServer("bare"),
  publisher: "control",
  dialects: { websocket: { websocket: true, steps: [upgrade((channels) => `/?channels=${channels.join(",")}`)] } },
};
