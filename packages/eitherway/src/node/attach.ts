/**
 * Puts a request handler on a Node server beside whatever else the server does: requests and upgrades below the base path are
 * the handler's, all others go to the application's own listeners, untouched.
 */
import type { EventEmitter } from "node:events";
import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Clock, Limits, Logger, Undo } from "../core/index.ts";
import { EitherwayError, toEitherwayError } from "../protocol/index.ts";
import { errorAnswer } from "../transports/answers.ts";
import type { RequestHandler } from "../transports/index.ts";
import { createHttpExchange } from "./http-exchange.ts";
import type { TrustProxy } from "./peer.ts";
import { createBodyBudget } from "./request-body.ts";
import { checkHandshake, createUpgradeExchange, createWebSocketAcceptor, refuseUpgrade } from "./upgrade-exchange.ts";

export type NodeServer = Server | HttpsServer | Http2SecureServer;

export interface AttachOptions {
  /** `/eitherway`: starts with a slash and does not end with one. Empty: everything is ours. */
  readonly basePath: string;
  /** Default: `false`. */
  readonly trustProxy?: TrustProxy;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly logger: Logger;
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
  const { basePath, trustProxy = false, limits, clock, logger } = options;
  checkBasePath(basePath);
  const budget = createBodyBudget();
  const acceptor = createWebSocketAcceptor(limits);

  const onRequest = (request: Request, response: Response): void => {
    const target = targetOf(request.url ?? "", basePath, handler);
    if (!target) {
      others.request.pass(request, response);
      return;
    }
    const exchange = createHttpExchange(request, response, { ...target, trustProxy, clock, limits, budget });
    handler.handle(exchange).catch((thrown: unknown) => {
      const error = toEitherwayError(thrown);
      logger.error("request failed", { path: target.path, cause: String(error.cause ?? error) });
      if (response.headersSent) response.destroy();
      else exchange.respond(errorAnswer(error));
    });
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const target = targetOf(request.url ?? "", basePath, handler);
    const toWebSocket = request.headers.upgrade?.toLowerCase() === "websocket";
    if (!target || !toWebSocket) {
      if (!target && others.upgrade.size > 0) others.upgrade.pass(request, socket, head);
      else asPlainRequest(server, request, socket);
      return;
    }
    socket.on("error", ignore); // before and after ws listens: the news also comes as `close`
    try {
      checkHandshake(request);
      handler.upgrade(createUpgradeExchange(request, socket, head, { ...target, trustProxy, limits, acceptor }));
    } catch (thrown) {
      const error = toEitherwayError(thrown);
      if (error.code === "internal") logger.error("upgrade failed", { cause: String(error.cause ?? error) });
      if (error.code === "bad-request") refuseUpgrade(socket, errorAnswer(error));
      else socket.destroy();
    }
  };

  const others = {
    request: takeOver(server, "request", onRequest, (...args) => answerNotFound(args[1] as Response)),
    upgrade: takeOver(server, "upgrade", onUpgrade, ignore),
  };
  return () => {
    others.request.undo();
    others.upgrade.undo();
  };
}

interface Target {
  readonly path: string;
  readonly query: string;
}

/** Where a request goes, seen from the base path; `undefined` when it is not ours. */
function targetOf(url: string, basePath: string, handler: RequestHandler): Target | undefined {
  const local = url.startsWith("/") ? url : url.replace(ABSOLUTE_FORM, "");
  const mark = local.indexOf("?");
  const path = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? "" : local.slice(mark + 1);
  if (path === basePath || path.startsWith(`${basePath}/`)) return { path: path.slice(basePath.length), query };
  return handler.handles(path) ? { path, query } : undefined;
}

/** RFC 9112 section 3.2.2: a request to a proxy names scheme and host too, and servers must take it. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?]*/i;

const BASE_PATH = /^(?:\/[^/?#\s]+)*$/;

/** Throws `bad-request`. */
export function checkBasePath(basePath: string): void {
  if (BASE_PATH.test(basePath)) return;
  throw new EitherwayError(
    "bad-request",
    `The base path ${JSON.stringify(basePath)} does not start with a slash or ends with one; give for example "/eitherway".`,
  );
}

interface Others {
  readonly size: number;
  /** Calls the application's listeners. */
  pass(...args: readonly unknown[]): void;
  undo(): void;
}

type Listener = (...args: never[]) => void;

/** Makes `ours` the only listener of an event; those of the application, present and future, are called through `pass`. */
function takeOver(
  server: EventEmitter,
  event: string,
  ours: Listener,
  otherwise: (...args: readonly unknown[]) => void,
): Others {
  let taken: ((...args: readonly unknown[]) => void)[] = [];
  let attached = true;

  const adopt = (): void => {
    if (!attached) return;
    for (const listener of server.rawListeners(event)) {
      if (listener === ours) continue;
      server.removeListener(event, listener as (...args: unknown[]) => void);
      taken.push(listener as (...args: readonly unknown[]) => void);
    }
  };
  // The event comes before the listener is added, and no request before the next turn.
  const onNewListener = (name: string | symbol, listener: unknown): void => {
    if (name === event && listener !== ours) process.nextTick(adopt);
  };

  adopt();
  server.on(event, ours as (...args: unknown[]) => void);
  server.on("newListener", onNewListener);
  return {
    get size() {
      return taken.length;
    },
    pass(...args) {
      if (taken.length === 0) otherwise(...args);
      for (const listener of [...taken]) listener.apply(server, [...args]);
    },
    undo() {
      if (!attached) return;
      attached = false;
      server.off("newListener", onNewListener);
      server.off(event, ours as (...args: unknown[]) => void);
      for (const listener of taken) server.on(event, listener as (...args: unknown[]) => void);
      taken = [];
    },
  };
}

function answerNotFound(response: Response): void {
  const error = new EitherwayError("not-found", "There is nothing at this path.");
  const { status, headers, body } = errorAnswer(error);
  (response as ServerResponse).writeHead(status, { ...headers }).end(body);
}

/**
 * Node hands every request with an `Upgrade` header to the upgrade listeners once there are any. What no listener of ours or
 * of the application wants to upgrade is answered as the plain request that it would have been without us.
 */
function asPlainRequest(server: NodeServer, request: IncomingMessage, socket: Duplex): void {
  socket.on("error", ignore);
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false; // the parser of this connection is gone
  response.assignSocket(socket as Parameters<ServerResponse["assignSocket"]>[0]);
  response.once("finish", () => socket.end(() => socket.destroy()));
  (server as EventEmitter).emit("request", request, response);
}

function ignore(): void {}
