/**
 * What `npm start` serves: the pages of this folder, each use case with an Eitherway of its own beside it, on one port of this machine.
 *
 * `PORT` or `EITHERWAY_PORT` choose the port (0: any free one); `EITHERWAY_TLS_SELF_SIGNED=1` makes it https, with HTTP/2;
 * `EITHERWAY_SHOWCASE_MESSAGES` is how many messages the chat's archive has (10,000). With `EITHERWAY_SHOWCASE_FEEDS=url,url` the news
 * feed reads these, every `EITHERWAY_SHOWCASE_FEED_SECONDS` (300), in place of its samples.
 * `EITHERWAY_PUSH_SERVICE` is the host of a Web Push service of one's own. With `EITHERWAY_SHOWCASE_REDIS=redis://…` the jobs are kept
 * there: servers of one Redis have them together, behind one proxy.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { createNodeServer, createSelfSignedCertificate, eitherway, type HubStats } from "eitherway";
import { createChat } from "../chat/server.ts";
import { createDashboard } from "../dashboard/server.ts";
import { createFeed, readFeedOptions } from "../feed/server.ts";
import { createNotifications } from "../notifications/server.ts";
import { createProgress, type ProgressOptions } from "../progress/server.ts";
import { logger } from "./logger.ts";
import { createLogin } from "./login.ts";
import { createSources } from "./sources.ts";
import { createStaticFiles } from "./static-files.ts";
import { keepSecret } from "./tokens.ts";
import type { UseCase } from "./use-case.ts";

const HOST = "127.0.0.1"; // for the person at this machine
const DEFAULT_PORT = 8000;
const DEFAULT_MESSAGES = 10_000;
/** This file runs from `dist/program/server`. */
const SHOWCASE = fileURLToPath(new URL("../../..", import.meta.url));

const { EITHERWAY_PORT, PORT, EITHERWAY_TLS_SELF_SIGNED, EITHERWAY_SHOWCASE_MESSAGES, EITHERWAY_PUSH_SERVICE } =
  process.env;
const { EITHERWAY_SHOWCASE_REDIS: redisUrl } = process.env;
const tls = EITHERWAY_TLS_SELF_SIGNED === "1" ? await createSelfSignedCertificate() : undefined;

const server = createNodeServer(tls && { tls });
const login = createLogin(keepSecret(`${SHOWCASE}/dist/login-secret`));
const shared = redisUrl ? await overRedis(redisUrl) : {};
const useCases: readonly UseCase[] = [
  createChat({ login, oldMessages: Number(EITHERWAY_SHOWCASE_MESSAGES || DEFAULT_MESSAGES) }),
  createFeed(readFeedOptions(process.env)),
  createNotifications(EITHERWAY_PUSH_SERVICE),
  createDashboard(allStats),
  createProgress(shared),
];
/** Untyped and open to everybody on this machine: for `curl`, and for "Which transport?". */
const plain = eitherway({ logger });

const pages = createStaticFiles(`${SHOWCASE}/dist/pages`);
const sources = createSources(SHOWCASE);
server.on("request", (request: IncomingMessage, response: ServerResponse) => {
  const [, first] = (request.url ?? "/").split(/[/?]/);
  if (useCases.find(({ name }) => name === first)?.handle?.(request, response)) return;
  if (sources(request, response)) return;
  pages(request, response);
});
plain.attach(server);
for (const { name, ew } of useCases) ew.attach(server, { basePath: `/${name}/eitherway` });

const sockets = new Set<Socket>();
server.on("connection", (socket: Socket) => {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});

server.listen(Number(EITHERWAY_PORT || PORT || DEFAULT_PORT), HOST);
await once(server, "listening");
sayHello();
// Once: a second Ctrl-C does not wait for anything.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);

async function end(): Promise<void> {
  server.close();
  await Promise.all(useCases.map(async (useCase) => useCase.close?.()));
  await Promise.all([plain, ...useCases.map(({ ew }) => ew)].map((ew) => ew.close())); // says bye, so that open pages know to come back
  for (const socket of sockets) socket.destroy();
}

/** For a server that is one of several behind a proxy. What Redis takes is loaded only here. */
async function overRedis(url: string): Promise<ProgressOptions> {
  const { redis } = await import("eitherway/redis");
  return { broker: redis(url, { prefix: "showcase-progress:" }), trustProxy: 1 };
}

/** Of every Eitherway of this process, as the dashboard shows them. */
function allStats(): readonly HubStats[] {
  return [plain, ...useCases.map(({ ew }) => ew)].map((ew) => ew.stats());
}

function sayHello(): void {
  const { port } = server.address() as AddressInfo;
  const origin = `${tls ? "https" : "http"}://${HOST}:${port}`;
  const curl = tls ? "curl -k" : "curl";
  console.log(`
Eitherway is at ${origin}
Open a page there, open a second client beside it, then switch the transport, slow the network down or cut it: nothing is lost or doubled.
Which transport serves best from your browser to here is measured at ${origin}/which

  listen    ${curl} -N '${origin}/eitherway/events?channel=room/42'
  publish   ${curl} -H 'content-type: application/json' -d '{"text":"hi"}' ${origin}/eitherway/channels/room/42

Ctrl-C ends it.`);
}
