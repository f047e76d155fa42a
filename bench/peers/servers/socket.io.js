/**
 * Socket.IO with rooms, set up as its page "Performance tuning" says: WebSocket alone, no compression, the native addon of `ws`, and
 * the first request let go. Several nodes speak by its Redis adapter, or by that of Redis Streams. With `recovery` also its connection state recovery, which is its way to resume.
 */
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { createIds, listenOnLoopback, options, serve } from "./control.js";
import { serveOnly, startNodes } from "./nodes.js";

const {
  heartbeatMs,
  recovery,
  nodes = 1,
  adapter,
  redisUrl,
} = /** @type {typeof options & { recovery?: boolean, adapter?: "streams", redisUrl?: string }} */ (options);
const { url = redisUrl, ...surroundings } = nodes > 1 && redisUrl === undefined ? await startNodes(nodes) : {};
const nextId = createIds();
const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  ...(heartbeatMs === undefined ? {} : { pingInterval: heartbeatMs }),
  ...(url === undefined ? {} : { adapter: adapterOver(url) }),
  ...(recovery ? { connectionStateRecovery: {} } : {}),
});

io.engine.on("connection", (connection) => {
  connection.request = null; // "Discard the initial HTTP request"
});

io.on("connection", (socket) => {
  socket.on("subscribe", (channels, done) => {
    void socket.join(channels);
    done();
  });
  socket.on("publish", (channel, data, done) => {
    const id = nextId();
    io.to(channel).emit("message", data, id);
    done({ id });
  });
});

const port = await listenOnLoopback(server);
if (redisUrl !== undefined) serveOnly(port);
else {
  await serve({
    port,
    ...surroundings,
    publish(channel, message) {
      io.to(channel).emit("message", message);
    },
  });
}

/** As the pages of both adapters have it, with the Redis client that Eitherway has. @param {string} redis */
function adapterOver(redis) {
  const client = new Redis(redis);
  return adapter === "streams" ? createStreamsAdapter(client) : createAdapter(client, client.duplicate());
}
