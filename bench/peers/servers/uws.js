/**
 * uWebSockets.js with its own topics. Clients that are behind are skipped by default beyond 64 KiB (`maxBackpressure`); as everybody
 * else delivers everything, so much is allowed here that nobody is skipped.
 */
import { createRequire } from "node:module";
import { BINARY } from "../../lib/uws-binary.js";
import { createIds, options, serve } from "./control.js";
import { idleTimeoutS } from "./idle-timeout.js";

// The binary itself: the package would fall back to a slow imitation in JavaScript where it has none for this Node.
const uws = createRequire(import.meta.url)(BINARY);

const MAX_BACKPRESSURE = 16 * 1024 * 1024;

const nextId = createIds();
const app = uws.App();

app.ws("/*", {
  compression: uws.DISABLED,
  idleTimeout: idleTimeoutS(options.heartbeatMs),
  maxBackpressure: MAX_BACKPRESSURE,
  message(/** @type {Client} */ client, /** @type {ArrayBuffer} */ data) {
    const frame = JSON.parse(Buffer.from(data).toString());
    if (frame.t === "subscribe") {
      for (const channel of frame.channels) client.subscribe(channel);
      client.send('{"t":"subscribed"}');
    } else {
      const id = nextId();
      app.publish(frame.c, JSON.stringify({ t: "message", c: frame.c, i: id, d: frame.d }));
      client.send(JSON.stringify({ t: "ok", k: frame.k, i: id }));
    }
  },
});

/** @typedef {{ subscribe(topic: string): void, send(text: string): number }} Client */

app.listen("127.0.0.1", 0, (/** @type {object | false} */ listening) => {
  if (!listening) throw new Error("uWebSockets.js could not listen.");
  void serve({
    port: uws.us_socket_local_port(listening),
    socketsOfNode: false,
    publish(channel, message) {
      app.publish(channel, JSON.stringify(message));
    },
  });
});
