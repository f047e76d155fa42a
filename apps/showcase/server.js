/**
 * What `npm start` serves: the page of this folder with Eitherway beside it, on one port of this machine.
 *
 * `PORT` or `EITHERWAY_PORT` choose the port (0: any free one); `EITHERWAY_TLS_SELF_SIGNED=1` makes it https, with HTTP/2.
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createNodeServer, createSelfSignedCertificate, eitherway } from "eitherway";
import { createStaticFiles } from "./static-files.js";

const HOST = "127.0.0.1"; // without authentication nobody else is let in
const DEFAULT_PORT = 8000;

const { EITHERWAY_PORT, PORT, EITHERWAY_TLS_SELF_SIGNED } = process.env;
const tls = EITHERWAY_TLS_SELF_SIGNED === "1" ? await createSelfSignedCertificate() : undefined;

const ew = eitherway();
const server = createNodeServer({ tls });
server.on("request", createStaticFiles(fileURLToPath(new URL("dist", import.meta.url))));
ew.attach(server);

/** @type {Set<import("node:net").Socket>} */
const sockets = new Set();
server.on("connection", (/** @type {import("node:net").Socket} */ socket) => {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});

server.listen(Number(EITHERWAY_PORT || PORT || DEFAULT_PORT), HOST);
await once(server, "listening");
sayHello();
// Once: a second Ctrl-C does not wait for anything.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);

async function end() {
  server.close();
  await ew.close(); // says bye, so that open pages know to come back
  for (const socket of sockets) socket.destroy();
}

function sayHello() {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const origin = `${tls ? "https" : "http"}://${HOST}:${port}`;
  const curl = tls ? "curl -k" : "curl";
  console.log(`
Eitherway is at ${origin}
Open it in two tabs, write in one, then switch the transport or cut the connection in the other: nothing is lost or doubled.
Which transport serves best from your browser to here is measured at ${origin}/which

  listen    ${curl} -N '${origin}/eitherway/events?channel=room/42'
  publish   ${curl} -H 'content-type: application/json' -d '{"text":"hi"}' ${origin}/eitherway/channels/room/42

Ctrl-C ends it.`);
}
