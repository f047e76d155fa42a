/** Socket.IO with connection state recovery, its way to resume. */
import { nodeServer, npmPackage } from "../lib/npm-peer.js";
import { SOCKET_IO } from "../lib/socket.io-dialect.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "socket.io-recovery",
  title: "Socket.IO + recovery",
  note: "as Socket.IO, with connectionStateRecovery, which keeps 2 minutes of messages in memory",
  ...npmPackage("socket.io"),
  command: nodeServer("socket.io", { recovery: true }),
  publisher: "control",
  dialects: { websocket: SOCKET_IO },
};
