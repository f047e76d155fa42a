/** better-sse with its channels, as in its guide "Channels": a session a request, registered with channels that broadcast. */
import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";
import { fail, listenOnLoopback, options, serve } from "./control.js";

const { heartbeatMs } = options;

/** @type {Map<string, import("better-sse").Channel>} */
const channels = new Map();

const server = createServer((req, res) => {
  open(req, res).catch(fail);
});

await serve({
  port: await listenOnLoopback(server),
  publish(channel, message) {
    channelOf(channel).broadcast(message);
  },
});

/**
 * @param {import("node:http").IncomingMessage} req
 * @param {import("node:http").ServerResponse} res
 */
async function open(req, res) {
  const names = (new URL(req.url ?? "/", "http://localhost").searchParams.get("channels") ?? "").split(",");
  const session = await createSession(req, res, heartbeatMs === undefined ? {} : { keepAlive: heartbeatMs });
  for (const name of names) channelOf(name).register(session);
  res.write(": open\n\n"); // tells the load generator that it is registered
}

/** @param {string} name */
function channelOf(name) {
  let channel = channels.get(name);
  if (!channel) {
    channel = createChannel();
    channels.set(name, channel);
  }
  return channel;
}
