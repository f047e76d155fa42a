/**
 * Puts a request handler on a Node server beside whatever else the server does: requests and upgrades below the base path are
 * the handler's, all others go to the application's own listeners, untouched.
 */
import type { EventEmitter } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2Server, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { type Clock, causeOf, type Limits, type Logger, type Metrics, type Undo } from "../core/index.ts";
import { toEitherwayError } from "../protocol/index.ts";
import type { TrustProxy } from "../server/index.ts";
import { checkBasePath, notHereAnswer, targetOf } from "../server/index.ts";
import { errorAnswer } from "../transports/answers.ts";
import { createBodyBudget } from "../transports/body-bounds.ts";
import type { RequestHandler } from "../transports/index.ts";
import { createHttpExchange, type ExchangeSettings } from "./http-exchange.ts";
import { refuseUnread } from "./unread-requests.ts";
import { createAnswerBudget } from "./untaken-answers.ts";
import { createUpgradeDoor } from "./upgrade-door.ts";
import type { SocketSettings } from "./upgraded-socket.ts";

/** A plain `Http2Server` speaks HTTP/2 alone and without TLS, to programs and proxies that know it does: no WebSocket comes in by it. */
export type NodeServer = Server | HttpsServer | Http2SecureServer | Http2Server;

export interface AttachOptions {
  /** `/eitherway`: starts with a slash and does not end with one. Empty: everything is ours. */
  readonly basePath: string;
  /** Default: `false`. */
  readonly trustProxy?: TrustProxy;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** WebSocket messages that are not whole yet, of all doors of one server. */
  readonly unfinished: SocketSettings["unfinished"];
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/**
 * Listeners that the application adds later are taken in as well, so the order of `attach(server)` and
 * `server.on("request", app)` does not matter. Where the application has none, unknown paths get 404.
 *
 * @returns gives the server back as it was; open links stay open
 */
export function attach(server: NodeServer, handler: RequestHandler, options: AttachOptions): Undo {
  const { basePath, trustProxy = false, limits, clock, logger, metrics } = options;
  checkBasePath(basePath);
  const settings: ExchangeSettings = {
    ...{ trustProxy, clock, limits, metrics },
    budget: createBodyBudget(),
    answers: createAnswerBudget(),
  };

  const onRequest = (request: Request, response: Response): void => {
    const target = targetOf(request.url ?? "", basePath, handler);
    if (!target) {
      others.request.pass(request, response);
      return;
    }
    const exchange = createHttpExchange(request, response, target, settings);
    handler.handle(exchange).catch((thrown: unknown) => {
      const error = toEitherwayError(thrown);
      logger.error("request failed", {
        method: exchange.method,
        path: target.path,
        cause: causeOf(error.cause ?? error),
      });
      if (response.headersSent) response.destroy();
      else exchange.respond(errorAnswer(error));
    });
  };

  const upgrade = createUpgradeDoor(handler, options);
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on("error", ignore); // as long as it lives: the news also comes as `close`
    if (upgrade(request, socket, head)) return;
    socket.off("error", ignore);
    const isOthers = !targetOf(request.url ?? "", basePath, handler) && others.upgrade.size > 0;
    if (isOthers) others.upgrade.pass(request, socket, head);
    else asPlainRequest(server, request, socket, head);
  };

  const disallow = allowListeners(server);
  const others = {
    request: takeOver(server, "request", onRequest, (request, response) => {
      const { status, headers, body } = notHereAnswer((request as Request).url ?? "", basePath);
      (response as ServerResponse).writeHead(status, { ...headers }).end(body);
    }),
    upgrade: takeOver(server, "upgrade", onUpgrade, ignore),
  };
  const stopRefusing = refuseUnread(server, metrics);
  return () => {
    stopRefusing();
    others.request.undo();
    others.upgrade.undo();
    disallow();
  };
}

/** To one event, of one attachment: it hears of new ones of either kind. */
const LISTENERS = 2;

/** As many attachments as somebody likes are no leak, of which Node would warn. */
function allowListeners(server: EventEmitter): Undo {
  const most = server.getMaxListeners();
  let more = most > 0 ? LISTENERS : 0; // 0: as many as there are
  server.setMaxListeners(most + more);
  return () => {
    server.setMaxListeners(server.getMaxListeners() - more);
    more = 0;
  };
}

interface Others {
  readonly size: number;
  /** Calls the application's listeners. */
  pass(...args: readonly unknown[]): void;
  undo(): void;
}

type Listener = (...args: never[]) => void;
type AnyListener = (...args: readonly unknown[]) => void;

/** Listeners that an attachment has taken from a server. */
interface Taken {
  listeners: AnyListener[];
}

/**
 * The listener of each attachment, and which later attachment on the same server has taken it over; an earlier one never takes
 * over a later one, or a server would be left with no listener at all.
 */
const takers = new WeakMap<object, Taken | "none">();

/** Makes `ours` the only listener of an event; those of the application, present and future, are called through `pass`. */
function takeOver(server: EventEmitter, event: string, ours: Listener, otherwise: AnyListener): Others {
  const taken: Taken = { listeners: [] };
  let attached = true;

  const adopt = (isTaken: (listener: object) => boolean): void => {
    for (const listener of server.rawListeners(event) as AnyListener[]) {
      if (!isTaken(listener)) continue;
      server.removeListener(event, listener);
      taken.listeners.push(listener);
      if (takers.has(listener)) takers.set(listener, taken);
    }
  };
  // The event comes before the listener is added, and no request before the next turn.
  const onNewListener = (name: string | symbol): void => {
    if (name !== event) return;
    process.nextTick(() => {
      if (attached) adopt((listener) => !takers.has(listener));
    });
  };

  adopt(() => true);
  takers.set(ours, "none");
  server.on(event, ours as AnyListener);
  server.on("newListener", onNewListener);
  return {
    get size() {
      return taken.listeners.length;
    },
    pass(...args) {
      if (taken.listeners.length === 0) otherwise(...args);
      for (const listener of [...taken.listeners]) listener.apply(server, [...args]);
    },
    undo() {
      if (!attached) return;
      attached = false;
      server.off("newListener", onNewListener);
      const taker = takers.get(ours) ?? "none";
      takers.delete(ours);
      const heirs = taken.listeners.splice(0);
      for (const listener of heirs) if (takers.has(listener)) takers.set(listener, taker);
      if (taker === "none") {
        server.off(event, ours as AnyListener);
        for (const listener of heirs) server.on(event, listener);
      } else {
        taker.listeners.splice(taker.listeners.indexOf(ours as AnyListener), 1, ...heirs);
      }
    },
  };
}

/**
 * Node hands every request with an `Upgrade` header to the upgrade listeners once there are any. What no listener of ours or
 * of the application wants to upgrade (clients offer h2c with a POST) goes to the server anew, as a request that asks for no
 * upgrade: only Node's parser can read its body. The connection ends with the answer.
 */
function asPlainRequest(server: NodeServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== "connection") lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  lines.push("connection: close");
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  (server as EventEmitter).emit("encrypted" in socket ? "secureConnection" : "connection", socket);
}

function ignore(): void {}
