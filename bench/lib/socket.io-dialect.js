/** How a Socket.IO client speaks: Engine.IO 4 packets in text frames, `4` a message and `2`/`3` ping and pong. */
import { upgrade } from "./handshakes.js";

/** @type {import("./types.js").Dialect} */
export const SOCKET_IO = {
  websocket: true,
  steps: [
    upgrade("/socket.io/?EIO=4&transport=websocket"),
    { send: "40", as: "text", expect: '40{"sid"' },
    { send: '420["subscribe",{channels:json}]', as: "text", expect: "430[]" },
  ],
  heartbeat: { ping: "2", pong: "3", as: "text" },
  // An acknowledgement is told from others by the number before the array, so no key goes along.
  publish: { send: '42{count}["publish","{channel}",{payload}]', as: "text", ack: '[{"id":' },
};
