/** Socket.IO between nodes over a Redis Stream, with recovery: its way that loses nothing for clients that come back in time. */
import { nodeServer, npmPackage } from "../lib/npm-peer.js";
import { SOCKET_IO } from "../lib/socket.io-dialect.js";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "socket.io-streams",
  title: "Socket.IO, Redis Streams",
  note: "with @socket.io/redis-streams-adapter and connectionStateRecovery: all nodes read one stream of about 10,000 packets, where clients that come back within 2 minutes resume",
  ...npmPackage("@socket.io/redis-streams-adapter"),
  command: nodeServer("socket.io", { adapter: "streams", recovery: true }),
  scenarios: ["nodes", "nodes-steady"],
  publisher: "control",
  dialects: { websocket: SOCKET_IO },
};
