/** Plain event streams: the servers of this folder take channels in the query, and say `: open` when all are subscribed to. */
import { eventStream } from "./handshakes.js";

/** @type {import("./types.js").Dialect} */
export const EVENT_STREAM = {
  websocket: false,
  steps: [eventStream((channels) => `/?channels=${channels.join(",")}`, ": open")],
};
