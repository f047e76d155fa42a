/**
 * A bad network: a TCP proxy in front of a server on this machine, with faults that can be switched while connections are
 * open. Real sockets, so what breaks is what breaks in production: half frames, full buffers, silence.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Random } from "../core/index.ts";
import type { Direction, Fault } from "./fault.ts";
import { createFaultPipe, type FaultPipe } from "./fault-pipe.ts";
import { createSeededRandom } from "./seeded-random.ts";

export interface FaultNetworkOptions {
  /** The port of the server, on 127.0.0.1. */
  readonly target: number;
  /** Which connections `cutSome` picks, and jitter. Default: the same each time. */
  readonly random?: Random;
}

export interface FaultConnection {
  /** The port, on 127.0.0.1, from which the server is reached: it names this connection there. `undefined` until it has been reached. */
  readonly from: number | undefined;
  readonly bytes: Readonly<Record<Direction, number>>;
  /** A fault of this connection alone, from now on. `refuse` and `blackhole` are about new ones and change nothing here. */
  set(fault: Fault): void;
  /** Resets both ends. */
  cut(): void;
}

export interface FaultNetwork {
  readonly port: number;
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The fault of all open connections and of those to come, until the next call. */
  set(fault: Fault): void;
  /** Resets what is open now, and says how many that were. */
  cutAll(): number;
  /** Resets each open connection with this probability, and says how many that were. */
  cutSome(share: number): number;
  /** What is open now, oldest first. */
  readonly connections: readonly FaultConnection[];
  readonly counters: FaultCounters;
  /** Resets everything and stops listening. */
  close(): Promise<void>;
}

export interface FaultCounters {
  /** Connections that reached the server. */
  readonly opened: number;
  /** Connections reset by `refuse`, or taken by `blackhole`. */
  readonly refused: number;
  /** Connections reset by `cut`, `cutAll` and `cutSome`. */
  readonly cut: number;
  /** Bytes that came, whether or not they were handed on. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** How long the network itself held bytes back at most, in ms. */
  readonly longestHeldMs: Readonly<Record<Direction, number>>;
  /** Pieces of data that a stall of `link` caught. */
  readonly stalled: Readonly<Record<Direction, number>>;
}

const HOST = "127.0.0.1";
const SEED = 1;

/**
 * @example
 * const network = await createFaultNetwork({ target: 8000 });
 * const client = createClient({ url: `${network.url}/eitherway` });
 * network.set({ kind: "cut", direction: "down", afterBytes: 100 });
 */
export async function createFaultNetwork(options: FaultNetworkOptions): Promise<FaultNetwork> {
  const { target, random = createSeededRandom(SEED) } = options;
  const open = new Set<ProxiedConnection>();
  const dangling = new Set<Socket>(); // taken and never answered
  const counters = {
    ...{ opened: 0, refused: 0, cut: 0 },
    bytes: { up: 0, down: 0 },
    longestHeldMs: { up: 0, down: 0 },
    stalled: { up: 0, down: 0 },
  };
  let current: Fault = { kind: "none" };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on("error", ignore);
    if (current.kind === "refuse" || current.kind === "blackhole") {
      counters.refused++;
      if (current.kind === "refuse") client.resetAndDestroy();
      else hold(client);
      return;
    }
    const upstream = connect({ port: target, host: HOST, allowHalfOpen: true, noDelay: true });
    upstream.on("error", ignore);
    upstream.once("connect", () => counters.opened++);
    const connection = createConnection({ client, upstream, counters, random, gone: () => open.delete(connection) });
    open.add(connection);
    connection.set(current);
  });

  function hold(client: Socket): void {
    dangling.add(client);
    client.on("close", () => dangling.delete(client));
    client.resume();
  }

  function cut(connections: readonly FaultConnection[]): number {
    for (const connection of connections) connection.cut();
    return connections.length;
  }

  server.listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `http://${HOST}:${port}`,
    set(fault) {
      current = fault;
      for (const connection of open) connection.set(fault);
    },
    cutAll: () => cut([...open]),
    cutSome: (share) => cut([...open].filter(() => random() < share)),
    get connections() {
      return [...open];
    },
    counters,
    async close() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const connection of [...open]) connection.destroy();
      for (const socket of dangling) socket.destroy();
      await closed;
    },
  };
}

interface ProxiedConnection extends FaultConnection {
  /** A cut that is none of the counted ones. */
  destroy(): void;
}

interface MutableCounters {
  cut: number;
  readonly bytes: Record<Direction, number>;
  readonly longestHeldMs: Record<Direction, number>;
  readonly stalled: Record<Direction, number>;
}

interface ConnectionOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly counters: MutableCounters;
  readonly random: Random;
  gone(): void;
}

function createConnection({ client, upstream, counters, random, gone }: ConnectionOptions): ProxiedConnection {
  const bytes: Record<Direction, number> = { up: 0, down: 0 };
  let halfOpen = false;
  let over = false;

  const createPipe = (direction: Direction, from: Socket, to: Socket): FaultPipe =>
    createFaultPipe({
      ...{ from, to, random, cut },
      count(length) {
        bytes[direction] += length;
        counters.bytes[direction] += length;
      },
      held(ms, stalled) {
        counters.longestHeldMs[direction] = Math.max(counters.longestHeldMs[direction], ms);
        if (stalled) counters.stalled[direction]++;
      },
    });
  const pipes: Readonly<Record<Direction, FaultPipe>> = {
    up: createPipe("up", client, upstream),
    down: createPipe("down", upstream, client),
  };

  function destroy(): void {
    if (over) return;
    over = true;
    for (const pipe of Object.values(pipes)) pipe.stop();
    client.resetAndDestroy();
    upstream.resetAndDestroy();
    gone();
  }

  function cut(): void {
    if (over) return;
    counters.cut++;
    destroy();
  }

  // An end that closes takes the other one with it, unless nobody is to hear of it.
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    socket.on("close", () => {
      if (!halfOpen || other.destroyed) destroy();
    });
  }

  return {
    get from() {
      return upstream.localPort;
    },
    bytes,
    cut,
    destroy,
    set(fault) {
      halfOpen ||= fault.kind === "half-open";
      pipes.up.set(upwards(fault));
      pipes.down.set(downwards(fault));
    },
  };
}

/** What a fault of a connection means for the bytes from client to server. */
function upwards(fault: Fault): Fault {
  if (fault.kind === "slow-reader" || fault.kind === "buffering") return { kind: "none" };
  return fault.kind === "cut" && fault.direction === "down" ? { kind: "none" } : fault;
}

function downwards(fault: Fault): Fault {
  return fault.kind === "cut" && fault.direction === "up" ? { kind: "none" } : fault;
}

function ignore(): void {}
