/** SocketCluster: its server attached to an HTTP server, as its README shows; publishing by its exchange. */
import { createServer } from "node:http";
import socketClusterServer from "socketcluster-server";
import { fail, listenOnLoopback, options, serve } from "./control.js";

const { heartbeatMs } = options;
const server = createServer();
const agServer = socketClusterServer.attach(server, heartbeatMs === undefined ? {} : { pingInterval: heartbeatMs });

// "Handle new inbound sockets": there is nothing more to do for publish and subscribe.
void (async () => {
  for await (const _ of agServer.listener("connection"));
})();

await agServer.listener("ready").once();

await serve({
  port: await listenOnLoopback(server),
  publish(channel, message) {
    agServer.exchange.transmitPublish(channel, message).catch(fail);
  },
});
