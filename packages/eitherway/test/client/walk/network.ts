/** The network between a real client and a real server, in memory, with a weather for each way through it. */
import type { Socket, SocketConstructor } from "../../../src/client/transports/websocket.ts";
import type { Clock } from "../../../src/core/index.ts";
import type { RequestHandler } from "../../../src/transports/index.ts";
import type { Connection, Directions, Surroundings } from "./connection.ts";
import { openRequest, type RequestInit } from "./request.ts";
import { openSocket } from "./socket.ts";
import { FAIR, PATHS, type Path, type Weather } from "./ways.ts";

const FATES = ["lives", "is cut before", "lives", "is cut after"] as const;

export interface Network {
  readonly Socket: SocketConstructor;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  change(path: Path, weather: Partial<Weather>): void;
  /** How many connections the client has not ended, and does not know of their end. */
  open(path: Path): number;
  /** Both ends notice; `inside`: in the middle of what is on its way. Without a path: all. The number of those cut. */
  cut(path: Path | undefined, inside: boolean): number;
  /** Nothing arrives any more in these directions, and nobody notices. The number of connections. */
  halfOpen(path: Path, directions: Directions): number;
  /** New connections go there; those that have not arrived anywhere never do. */
  moveTo(handler: RequestHandler): void;
  /** Takes what the server wrote. Whether there was anything. */
  pump(): boolean;
  /** The server's ends of half-open connections are gone as well. */
  bury(): void;
}

export interface NetworkOptions {
  readonly clock: Clock;
  readonly handler: RequestHandler;
  /** A client hears by `Retry-After` that it should stay away. */
  busy(path: Path, ms: number): void;
  /** What must never happen. */
  failed(error: unknown): void;
}

export function createNetwork({ clock, busy, failed, ...options }: NetworkOptions): Network {
  const weathers = new Map<Path, Weather>(PATHS.map((path) => [path, FAIR]));
  let { handler } = options;
  let connections: Connection[] = [];

  const weather = (path: Path): Weather => weathers.get(path) ?? FAIR;
  const arrivals = new Map<Path, number>();
  const around: Surroundings = { clock, weather, handler: () => handler, fate, busy, failed };
  const known = (path?: Path) =>
    connections.filter((connection) => !connection.over && (path === undefined || connection.path === path));

  function fate(path: Path): ReturnType<Surroundings["fate"]> {
    if (!weather(path).flaky) return "lives";
    const count = (arrivals.get(path) ?? 0) + 1;
    arrivals.set(path, count);
    return FATES[count % FATES.length] ?? "lives";
  }

  class WalkSocket implements Socket {
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
    Socket: WalkSocket,
    fetch: (url, init) =>
      new Promise((resolve, reject) => {
        const door = url.slice(url.lastIndexOf("/") + 1) as Path;
        connections.push(openRequest(door, init, { resolve, reject }, around));
      }),
    change(path, change) {
      const before = weather(path);
      weathers.set(path, { ...before, ...change });
      if (weather(path).holdsAfter > before.holdsAfter) for (const connection of known(path)) connection.release();
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
  };
}
