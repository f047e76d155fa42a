/**
 * `ws` as its README shows broadcasting: one JSON.stringify a message, then `send` to each client of the channel. Compression off
 * (its default: "only enable it if you want"), dead connections found by ping as in "How to detect and close broken connections".
 */
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { createIds, listenOnLoopback, options, serve } from "./control.js";

const HEARTBEAT_MS = options.heartbeatMs ?? 30_000; // the README's

/** @typedef {WebSocket & { isAlive?: boolean }} Client */

/** @type {Map<string, Set<Client>>} */
const channels = new Map();
const nextId = createIds();
const server = createServer();
const wss = new WebSocketServer({ server, perMessageDeflate: false });

wss.on("connection", (/** @type {Client} */ client) => {
  /** @type {readonly string[]} */
  let subscribed = [];
  client.isAlive = true;
  client.on("error", console.error);
  client.on("pong", heartbeat);
  client.on("message", (data) => {
    const frame = JSON.parse(data.toString());
    if (frame.t === "subscribe") {
      subscribed = frame.channels;
      for (const channel of subscribed) membersOf(channel).add(client);
      client.send('{"t":"subscribed"}');
    } else {
      const id = nextId();
      broadcast(frame.c, JSON.stringify({ t: "message", c: frame.c, i: id, d: frame.d }));
      client.send(JSON.stringify({ t: "ok", k: frame.k, i: id }));
    }
  });
  client.on("close", () => {
    for (const channel of subscribed) membersOf(channel).delete(client);
  });
});

setInterval(() => {
  for (const client of /** @type {Set<Client>} */ (wss.clients)) {
    if (client.isAlive === false) {
      client.terminate();
      continue;
    }
    client.isAlive = false;
    client.ping();
  }
}, HEARTBEAT_MS);

await serve({
  port: await listenOnLoopback(server),
  publish(channel, message) {
    broadcast(channel, JSON.stringify(message));
  },
});

/** @this {Client} */
function heartbeat() {
  this.isAlive = true;
}

/** @param {string} channel */
function membersOf(channel) {
  let members = channels.get(channel);
  if (!members) {
    members = new Set();
    channels.set(channel, members);
  }
  return members;
}

/**
 * @param {string} channel
 * @param {string} text
 */
function broadcast(channel, text) {
  for (const client of membersOf(channel)) {
    if (client.readyState === WebSocket.OPEN) client.send(text);
  }
}
