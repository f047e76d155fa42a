/** Which door a request goes to, who may knock, and what a refusal looks like. */
import type { HttpExchange, Hub, Trouble, UpgradeExchange } from "../core/index.ts";
import { EitherwayError, type ErrorCode, quote, toEitherwayError } from "../protocol/index.ts";
import {
  answerErrors,
  errorAnswer,
  isPresencePath,
  jsonAnswer,
  type RequestHandler,
  serveCommands,
  serveEnter,
  serveEvents,
  serveHistory,
  serveLeave,
  serveMembers,
  servePoll,
  servePublish,
  serveStream,
  serveTicket,
  serveTicketEnd,
  serveWebSocket,
} from "../transports/index.ts";
import type { Access } from "./access.ts";
import { withAnswerHeaders } from "./answer-headers.ts";

export interface RouterOptions {
  readonly hub: Hub;
  readonly access: Access;
  /** Answers `drain` from then on. */
  readonly isClosing: () => boolean;
}

/** Whether the server takes requests. Answers to any host: it says nothing about channels, and probes come by address. */
const HEALTH_PATH = "/healthz";

/** The same, and whether all its parts do what they should: where one does not, others should be sent its clients. */
const READY_PATH = "/readyz";

/** Every refusal is counted as `requests.refused.<code>`. */
export function createRouter({ hub, access, isClosing }: RouterOptions): RequestHandler {
  function refused(error: EitherwayError, { remote }: Pick<HttpExchange, "remote">): EitherwayError {
    hub.metrics.count(`requests.refused.${error.code}`);
    // Other refusals were audited where it was decided, and known whom they are about.
    if (AT_THE_DOOR.has(error.code)) hub.audit.refused(error, { remote });
    return error;
  }

  async function serve(exchange: HttpExchange): Promise<void> {
    const doors = doorsOf(exchange.path);
    if (!isProbe(exchange.path)) access.check(exchange, CHANGES.has(exchange.method));
    if (!doors) throw notFound(exchange.path);
    const door = doors.get(exchange.method);
    if (door) {
      if (isClosing()) throw draining();
      return door(hub, exchange);
    }
    const methods = [...doors.keys(), "OPTIONS"].join(", ");
    if (exchange.method === "OPTIONS") {
      exchange.respond({
        status: 204,
        headers: { allow: methods, "cache-control": "no-store", ...access.preflight(exchange, methods) },
      });
      return;
    }
    const { headers, ...answer } = errorAnswer(refused(methodNotAllowed(exchange, methods), exchange));
    exchange.respond({ ...answer, headers: { ...headers, allow: methods } }); // RFC 9110 section 15.5.6 wants them named
  }

  return {
    handles: () => false,

    handle(exchange) {
      const answering = withAnswerHeaders(exchange, access.headers(exchange));
      return answerErrors(answering, hub.logger, async () => {
        try {
          await serve(answering);
        } catch (thrown) {
          refused(toEitherwayError(thrown), exchange);
          throw thrown;
        }
      });
    },

    upgrade(request: UpgradeExchange) {
      try {
        access.check(request, true);
        if (isBase(request.path) && !isClosing()) serveWebSocket(hub, request);
        else throw isBase(request.path) ? draining() : notFound(request.path);
      } catch (thrown) {
        const error = toEitherwayError(thrown);
        if (error.code === "internal") throw thrown;
        request.refuse(errorAnswer(refused(error, request)));
      }
    },
  };
}

/** A refused page sees no reason, by design of browsers: the audit is where a developer finds it. */
const AT_THE_DOOR: ReadonlySet<ErrorCode> = new Set(["origin-refused", "host-refused"]);

/** Methods by which a page could do something in somebody's name. */
const CHANGES: ReadonlySet<string> = new Set(["POST", "DELETE"]);

type Door = (hub: Hub, exchange: HttpExchange) => Promise<void>;
/** By method. */
type Doors = ReadonlyMap<string, Door>;

const doorsBy = (doors: Readonly<Record<string, Door>>): Doors => new Map(Object.entries(doors));

const DOORS: ReadonlyMap<string, Doors> = new Map([
  ["", doorsBy({ GET: serveNoUpgrade })],
  ["/", doorsBy({ GET: serveNoUpgrade })],
  ["/stream", doorsBy({ POST: serveStream })],
  ["/poll", doorsBy({ POST: servePoll })],
  ["/commands", doorsBy({ POST: serveCommands })],
  ["/events", doorsBy({ GET: serveEvents })],
  ["/tickets", doorsBy({ POST: serveTicket, DELETE: serveTicketEnd })],
  [HEALTH_PATH, doorsBy({ GET: serveHealth, HEAD: serveHealth })],
  [READY_PATH, doorsBy({ GET: serveReady, HEAD: serveReady })],
]);

const CHANNEL_DOORS = doorsBy({ GET: serveHistory, HEAD: serveHistory, POST: servePublish });

const PRESENCE_DOORS = doorsBy({ GET: serveMembers, HEAD: serveMembers, POST: serveEnter, DELETE: serveLeave });

function doorsOf(path: string): Doors | undefined {
  if (isPresencePath(path)) return PRESENCE_DOORS;
  return path.startsWith("/channels/") ? CHANNEL_DOORS : DOORS.get(path);
}

function isBase(path: string): boolean {
  return path === "" || path === "/";
}

async function serveNoUpgrade(): Promise<void> {
  throw new EitherwayError(
    "upgrade-required",
    "This is the address for WebSockets; without one use /events?channel=… or /channels/… below it.",
  );
}

async function serveHealth(_hub: Hub, exchange: HttpExchange): Promise<void> {
  exchange.respond(jsonAnswer(200, { status: "ok" }));
}

async function serveReady(hub: Hub, exchange: HttpExchange): Promise<void> {
  const { troubles } = hub;
  if (troubles.length > 0) throw notReady(troubles);
  exchange.respond(jsonAnswer(200, { status: "ready" }));
}

function notReady(troubles: readonly Trouble[]): EitherwayError {
  const broken = troubles.map(({ since, ...trouble }) => ({ ...trouble, since: new Date(since).toISOString() }));
  const sentences = broken.map(({ message }) => message).join(" ");
  return new EitherwayError("unavailable", `${sentences} Ask another server.`, { details: { broken } });
}

/** Paths outside the base path that a server of its own answers as well. */
export function isProbe(path: string): boolean {
  return path === HEALTH_PATH || path === READY_PATH;
}

function notFound(path: string): EitherwayError {
  return new EitherwayError(
    "not-found",
    `There is no door at ${quote(path)}; known: /events, /channels/<name>, /channels/<name>/@presence, /tickets, /stream, /poll, /commands, ${HEALTH_PATH} and ${READY_PATH}.`,
  );
}

function methodNotAllowed({ method, path }: HttpExchange, methods: string): EitherwayError {
  return new EitherwayError("method-not-allowed", `${quote(path)} does not take ${quote(method)}; use ${methods}.`);
}

function draining(): EitherwayError {
  return new EitherwayError("drain", "This server is going away; come back in a moment.");
}
