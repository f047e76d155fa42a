/**
 * Socket.IO with rooms, set up as its page "Performance tuning" says: WebSocket alone, no compression, the native addon of `ws`, and
 * the first request let go. With `recovery` also its connection state recovery, which is its way to resume.
 */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { createIds, listenOnLoopback, options, serve } from "./control.js";

const { heartbeatMs, recovery } = /** @type {typeof options & { recovery?: boolean }} */ (options);
const nextId = createIds();
const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  ...(heartbeatMs === undefined ? {} : { pingInterval: heartbeatMs }),
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

await serve({
  port: await listenOnLoopback(server),
  publish(channel, message) {
    io.to(channel).emit("message", message);
  },
});
