/** Socket.IO without a way to resume. */
import { nodeServer, npmPackage } from "../lib/npm-peer.js";
import { SOCKET_IO } from "../lib/socket.io-dialect.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "socket.io",
  title: "Socket.IO",
  note: "rooms; WebSocket only, no compression, first request discarded, with bufferutil",
  ...npmPackage("socket.io"),
  command: nodeServer("socket.io"),
  publisher: "control",
  dialects: { websocket: SOCKET_IO },
};
