/** The exchange of servers that have no protocol of their own: one frame subscribes, one publishes, each is acknowledged. */
import { upgrade } from "./handshakes.js";

/** @type {import("./types.js").Dialect} */
export const PLAIN = {
  websocket: true,
  steps: [
    upgrade("/"),
    { send: '{"t":"subscribe","channels":{channels:json}}', as: "text", expect: '"t":"subscribed"' },
  ],
  // The same bytes as Eitherway's.
  publish: { send: '{"t":"publish","k":"{key}","c":"{channel}","d":{payload}}', as: "text", ack: '"t":"ok"' },
};
