/** The network between a real client and a real server, in memory, with a weather for each way through it. */

import type { Fetch } from "../../client/transport.ts";
import type { Socket, SocketConstructor } from "../../client/transports/websocket.ts";
import { type Clock, DEFAULT_LIMITS, type Limits, type Undo } from "../../core/index.ts";
import type { RequestHandler } from "../../transports/index.ts";
import type { Connection, Surroundings } from "./connection.ts";
import { openRequest } from "./request.ts";
import { openSocket } from "./socket.ts";
import { type Directions, FAIR, type NetworkPath, PATHS, type Weather } from "./ways.ts";

/** Where clients find the server. */
export const NETWORK_URL = "http://127.0.0.1/eitherway";

const FATES = ["lives", "is cut before", "lives", "is cut after"] as const;

export interface MemoryNetwork {
  readonly Socket: SocketConstructor;
  readonly fetch: Fetch;
  change(path: NetworkPath, weather: Partial<Weather>): void;
  /** How many connections the client has not ended, and does not know of their end. */
  open(path: NetworkPath): number;
  /** Both ends notice; `inside`: in the middle of what is on its way. Without a path: all. The number of those cut. */
  cut(path: NetworkPath | undefined, inside: boolean): number;
  /** Nothing arrives any more in these directions, and nobody notices. The number of connections. */
  halfOpen(path: NetworkPath, directions: Directions): number;
  /** New connections go there; those that have not arrived anywhere never do. */
  moveTo(handler: RequestHandler): void;
  /** Takes what the server wrote. Whether there was anything. */
  pump(): boolean;
  /** The server's ends of half-open connections are gone as well. */
  bury(): void;
  /** Nothing that is on its way arrives any more, and no connection waits for the end of its life. */
  stop(): void;
}

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly handler: RequestHandler;
  /** Of the server. Default: the core's. */
  readonly limits?: Limits;
  /** A client hears by `Retry-After` that it should stay away. */
  busy?(path: NetworkPath, ms: number): void;
  /** Something is on its way. */
  moves?(path: NetworkPath, direction: Exclude<Directions, "both">): void;
  /** What must never happen. */
  failed(error: unknown): void;
}

export function createMemoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  const { limits = DEFAULT_LIMITS, busy = () => {}, moves = () => {}, failed } = options;
  const { clock, stop } = withOwnTimers(options.clock);
  const weathers = new Map<NetworkPath, Weather>(PATHS.map((path) => [path, FAIR]));
  let { handler } = options;
  let connections: Connection[] = [];

  const weather = (path: NetworkPath): Weather => weathers.get(path) ?? FAIR;
  const arrivals = new Map<NetworkPath, number>();
  const around: Surroundings = { clock, limits, weather, handler: () => handler, fate, busy, moves, failed };
  const known = (path?: NetworkPath) =>
    connections.filter((connection) => !connection.over && (path === undefined || connection.path === path));

  function fate(path: NetworkPath): ReturnType<Surroundings["fate"]> {
    if (!weather(path).flaky) return "lives";
    const count = (arrivals.get(path) ?? 0) + 1;
    arrivals.set(path, count);
    return FATES[count % FATES.length] ?? "lives";
  }

  class NetworkSocket implements Socket {
    binaryType = "blob";
    readonly bufferedAmount = 0;
    onopen: Socket["onopen"] = null;
    onmessage: Socket["onmessage"] = null;
    onerror: Socket["onerror"] = null;
    onclose: Socket["onclose"] = null;
    readonly send: Socket["send"];
    readonly close: Socket["close"];

    constructor(_url: string, protocols: string[]) {
      const { connection, send, close } = openSocket(this, protocols, around);
      connections.push(connection);
      this.send = send;
      this.close = close;
    }
  }

  return {
    Socket: NetworkSocket,
    fetch: (url, init) =>
      new Promise((resolve, reject) => {
        connections.push(openRequest(url.slice(NETWORK_URL.length), init, { resolve, reject }, around));
      }),
    change(path, change) {
      const before = weather(path);
      const now = { ...before, ...change };
      weathers.set(path, now);
      const isFreer = now.holdsAfter > before.holdsAfter || now.holds !== before.holds;
      if (isFreer) for (const connection of known(path)) connection.release();
    },
    open: (path) => known(path).filter(({ clientHasIt }) => clientHasIt).length,
    cut(path, inside) {
      const all = known(path);
      for (const connection of all) connection.cut(inside);
      return all.length;
    },
    halfOpen(path, directions) {
      const all = known(path).filter(({ clientHasIt }) => clientHasIt);
      for (const connection of all) connection.halfOpen(directions);
      return all.length;
    },
    moveTo(next) {
      handler = next;
      for (const connection of known()) if (!connection.reachedServer) connection.cut(false);
    },
    pump() {
      const moved = connections.map((connection) => connection.pump());
      if (connections.some(({ over }) => over)) connections = known();
      return moved.includes(true);
    },
    bury() {
      for (const connection of known()) connection.bury();
    },
    stop,
  };
}

/** A latency or a life may be longer than whatever waits for the end of the network. */
function withOwnTimers(clock: Clock): { readonly clock: Clock; stop(): void } {
  const timers = new Set<Undo>();
  return {
    clock: {
      ...clock,
      after(ms, run) {
        const undo = clock.after(ms, () => {
          timers.delete(undo);
          run();
        });
        timers.add(undo);
        return () => {
          timers.delete(undo);
          undo();
        };
      },
    },
    stop() {
      for (const undo of timers) undo();
      timers.clear();
    },
  };
}
