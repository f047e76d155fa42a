/** Bun's own WebSocket server and topics, as its page "WebSockets" shows them. Runs on Bun. */
import { createIds, options, serve } from "./control.js";
import { idleTimeoutS } from "./idle-timeout.js";

/**
 * What is used of Bun; its own types are in no package of this clone.
 * @typedef {{ subscribe(topic: string): void, send(text: string): number }} Client
 * @typedef {{ port: number, upgrade(request: Request): boolean, publish(topic: string, text: string): number }} Server
 * @typedef {object} Settings
 * @property {string} hostname
 * @property {number} port
 * @property {(request: Request, self: Server) => Response | undefined} fetch
 * @property {{ perMessageDeflate: boolean, idleTimeout: number, sendPings: boolean, message(client: Client, text: string | Uint8Array): void }} websocket
 */
const { Bun } = /** @type {{ Bun: { serve(settings: Settings): Server } }} */ (/** @type {unknown} */ (globalThis));

const nextId = createIds();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, self) {
    return self.upgrade(request) ? undefined : new Response("This address is for WebSockets.", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: idleTimeoutS(options.heartbeatMs),
    sendPings: true,
    message(client, text) {
      const frame = JSON.parse(/** @type {string} */ (text));
      if (frame.t === "subscribe") {
        for (const channel of frame.channels) client.subscribe(channel);
        client.send('{"t":"subscribed"}');
      } else {
        const id = nextId();
        server.publish(frame.c, JSON.stringify({ t: "message", c: frame.c, i: id, d: frame.d }));
        client.send(JSON.stringify({ t: "ok", k: frame.k, i: id }));
      }
    },
  },
});

await serve({
  port: server.port,
  socketsOfNode: false,
  publish(channel, message) {
    server.publish(channel, JSON.stringify(message));
  },
});
