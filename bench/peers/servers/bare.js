/**
 * Node's least: every upgrade is taken, nothing is read, and what one turn publishes to a channel leaves as one shared Buffer in one
 * `write` a socket. The frame is the one that Eitherway sends (PROTOCOL.md, section 4): as many bytes, with one id and time for all.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { listenOnLoopback, serve } from "./control.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3
const LONG = 126; // lengths from here on stand in two bytes

/**
 * @typedef {object} Channel
 * @property {string} name
 * @property {Set<import("node:stream").Duplex>} sockets
 * @property {string[]} payloads of this turn
 */

/** @type {Map<string, Channel>} */
const channels = new Map();
/** @type {Set<Channel>} */
const changed = new Set();

const server = createServer();
server.on("upgrade", ({ headers, url = "" }, socket) => {
  const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}${GUID}`).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const own = url
    .slice(url.indexOf("=") + 1)
    .split(",")
    .map(channelOf);
  for (const { sockets } of own) sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    for (const { sockets } of own) sockets.delete(socket);
  });
});

await serve({
  port: await listenOnLoopback(server),
  publish(name, message) {
    const channel = channelOf(name);
    channel.payloads.push(JSON.stringify(message));
    if (changed.size === 0) setImmediate(flush);
    changed.add(channel);
  },
});

/** @param {string} name @returns {Channel} */
function channelOf(name) {
  const known = channels.get(name);
  if (known) return known;
  const channel = { name, sockets: new Set(), payloads: [] };
  channels.set(name, channel);
  return channel;
}

function flush() {
  for (const channel of changed) {
    const entries = channel.payloads.map((payload) => `{"d":${payload}}`).join(",");
    channel.payloads = [];
    const frame = textFrame(
      `{"t":"messages","c":"${channel.name}","i":"000000000000-00000000","at":${Date.now()},"m":[${entries}]}`,
    );
    for (const socket of channel.sockets) socket.write(frame);
  }
  changed.clear();
}

/** @param {string} text ASCII of 126 to 65,535 characters */
function textFrame(text) {
  const head = Buffer.from([0x81, LONG, text.length >> 8, text.length & 0xff]);
  return Buffer.concat([head, Buffer.from(text, "latin1")]);
}
