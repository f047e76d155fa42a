/** One connection through the memory network: a socket, or a request with its answer. Both ends are real; what lies between is not. */
import type { Clock, HttpExchange, Limits } from "../../core/index.ts";
import type { RequestHandler } from "../../transports/index.ts";
import { createLane, type Lane } from "./lane.ts";
import type { Directions, NetworkPath, Weather } from "./ways.ts";

export interface Connection {
  readonly path: NetworkPath;
  /** The client has not ended it, and does not know of its end. */
  readonly clientHasIt: boolean;
  readonly reachedServer: boolean;
  readonly over: boolean;
  /** Sends on what the server wrote. Whether there was anything. */
  pump(): boolean;
  /** Both ends notice. `inside`: in the middle of what is on its way. */
  cut(inside: boolean): void;
  halfOpen(directions: Directions): void;
  /** What was held back goes on. */
  release(): void;
  /** The server's end of a half-open connection is gone as well. */
  bury(): void;
}

export interface Surroundings {
  readonly clock: Clock;
  /** Of the server: what its sinks and sockets take. */
  readonly limits: Limits;
  weather(path: NetworkPath): Weather;
  handler(): RequestHandler;
  /** Whether one that arrives at the server is cut, in a weather that breaks some of them. */
  fate(path: NetworkPath): "lives" | "is cut before" | "is cut after";
  /** A client hears that it should stay away. */
  busy(path: NetworkPath, ms: number): void;
  /** Something is on its way. */
  moves(path: NetworkPath, direction: Exclude<Directions, "both">): void;
  /** What must never happen. */
  failed(error: unknown): void;
}

/** The state that both kinds of connections have. */
export interface Wire {
  readonly up: Lane;
  readonly down: Lane;
  clientHasIt: boolean;
  /** Nothing more comes of the server. */
  serverEnded: boolean;
}

export const HOST_HEADERS: Readonly<Record<string, string>> = { host: "127.0.0.1" };

export function createWire(path: NetworkPath, { clock, weather, moves }: Surroundings): Wire {
  const createOne = (direction: "up" | "down", holdsAfter: () => number): Lane =>
    createLane({
      clock,
      latencyMs: () => weather(path).latencyMs,
      holds: () => weather(path).holds === "both" || weather(path).holds === direction,
      holdsAfter,
      moves: () => moves(path, direction),
    });
  return {
    up: createOne("up", () => Number.POSITIVE_INFINITY),
    down: createOne("down", () => weather(path).holdsAfter),
    clientHasIt: true,
    serverEnded: false,
  };
}

/** What a connection does whatever it carries. */
export function createConnection(
  path: NetworkPath,
  wire: Wire,
  ends: {
    /** The server's end, once it is there. */
    server(): { cut(): void } | undefined;
    pump(): boolean;
    /** The client hears that it was cut. */
    lost(): void;
  },
): Connection {
  const { up, down } = wire;
  return {
    path,
    get clientHasIt() {
      return wire.clientHasIt;
    },
    get reachedServer() {
      return ends.server() !== undefined;
    },
    get over() {
      return wire.serverEnded && !wire.clientHasIt;
    },
    pump: () => !wire.serverEnded && ends.pump(),
    cut(inside) {
      ends.server()?.cut();
      up.die();
      wire.serverEnded = true;
      if (!down.dead && wire.clientHasIt) down.reset(ends.lost, inside);
    },
    halfOpen(directions) {
      if (directions !== "down") up.die();
      if (directions !== "up") down.die();
    },
    release() {
      up.release();
      down.release();
    },
    bury() {
      if (!up.dead && !down.dead) return;
      ends.server()?.cut();
      wire.serverEnded = true;
    },
  };
}

/** One that has come as far as the server: `enter` is where it gets in. */
export function arrive(connection: Connection, around: Surroundings, enter: () => void): void {
  const { clock, weather, fate } = around;
  const end = fate(connection.path);
  if (end !== "is cut before") enter();
  if (end !== "lives") connection.cut(false);
  const { lifeMs } = weather(connection.path);
  if (lifeMs < Number.POSITIVE_INFINITY) clock.after(lifeMs, () => connection.cut(false));
}

export function handle({ handler, failed }: Surroundings, exchange: HttpExchange): void {
  handler().handle(exchange).catch(failed);
}
