/** What a test sees of a harness: a server, its clients and the network between them, in one process and in a time of its own. */
import type { Client, ClientOptions } from "../../client/client-api.ts";
import type { Clock, Random, Undo } from "../../core/index.ts";
import type { NodeEitherwayOptions } from "../../node/index.ts";
import type { Amount, Eitherway, TypedServer } from "../../server/index.ts";
import type { Collect } from "../collected.ts";
import type { Directions, NetworkPath, Weather } from "../memory-network/ways.ts";

export interface HarnessOptions {
  /**
   * A whole number from which all chance comes: of the server, of the clients and of `random`. The same test with the same seed sees the
   * same, message by message. Failures name it. Default: 1.
   */
  readonly seed?: number;
  /**
   * Options of the server, as of `eitherway()`; `basePath` and `trustProxy` change nothing here. Without a `logger` its warnings and errors go
   * to standard error.
   */
  readonly server?: NodeEitherwayOptions;
}

/** Options of a client, as of `createClient()`. Default of `clientId`: `client-1`, `client-2`, ..., by which failures call it. */
export type HarnessClientOptions = Omit<ClientOptions, "url" | "clock" | "random" | "transports" | "share" | "fetch">;

/** The server of a contract. */
export interface HarnessServer<Channels> extends Omit<Eitherway, keyof TypedServer<Channels>>, TypedServer<Channels> {}

export interface Harness<TypedClient = Client, Server = Eitherway> {
  readonly seed: number;
  /** Chance for the test itself: numbers from 0 to 1, the same for the same seed. */
  readonly random: Random;
  /** Time as server and clients have it, for handlers of the application: what they wait for by it passes with `advance`. */
  readonly clock: HarnessClock;
  /** The real one. */
  readonly server: Server;

  /**
   * Another client: the real one with its real transports, over a network of its own.
   *
   * @throws EitherwayError `bad-request` for an option that makes no sense, or for the id of another client; `closed`
   */
  client(options?: HarnessClientOptions): TypedClient;

  /**
   * The network between a client and the server; without a client: between all clients and the server, also those that come later.
   *
   * @throws EitherwayError `bad-request` for a client that is not of this harness
   */
  network(client?: TypedClient): HarnessNetwork;

  /**
   * Subscribes a channel of one of the clients, and keeps what comes: what `toReceiveExactlyOnceInOrder` and `assertExactlyOnceInOrder`
   * look at. Of a channel of a contract the events that are named.
   *
   * @throws EitherwayError `bad-request` for a channel that no client of this harness opened
   * @example
   * const seen = harness.collect(ana.channel("room", { id: "42" }), "message");
   */
  readonly collect: Collect;

  /**
   * Resolves when nothing more can happen without time: everything sent has arrived, but for what the network holds, and every promise
   * that waited for that has run. Most of that happens by itself as soon as a test awaits anything.
   *
   * @throws AssertionError where it never ends, with what is still moving
   */
  settled(): Promise<void>;

  /** Lets time pass: `"10s"`, `"5m"`, or milliseconds. Every timer runs at its time, and what it sets off before the next one. */
  advance(duration: Amount): Promise<void>;

  /**
   * Lets time pass until a promise is settled, and gives what it came to; or until a condition holds.
   *
   * @param within so long at most. Default: 10 minutes
   * @throws AssertionError where it takes longer, with what every client is doing
   * @example
   * harness.network(ana).cut();
   * const { id } = await harness.until(room.publish("message", { text: "hi" }));
   */
  until<T>(promise: Promise<T>, within?: Amount): Promise<T>;
  until(condition: () => boolean, within?: Amount): Promise<void>;

  /**
   * Ends all clients, then the server. Afterwards no timer of theirs is left, so that `clock.pending` are those of the application, and
   * whatever is asked of the harness is refused as `closed`.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HarnessClock extends Clock {
  /** Timers that wait, of server, clients and application. */
  readonly pending: number;
}

/** Where in the network: all ways to the server, unless one is named. */
export interface Where {
  readonly path?: NetworkPath;
}

export interface HarnessNetwork {
  /** Connections that a client has. */
  readonly open: number;

  /**
   * Breaks what is open, and both ends notice. `inside`: the first half of what is on its way arrives. The number of connections.
   */
  cut(options?: Where & { readonly inside?: boolean }): number;

  /**
   * Breaks what is open at random moments, on average each `every`, half of the time in the middle of what is on its way, until the
   * returned function is called.
   */
  cutAtRandom(every: Amount): Undo;

  /** Nothing arrives any more over what is open, and nobody notices: only silence tells. The number of connections. */
  freeze(options?: Where & { readonly direction?: Directions }): number;

  /**
   * What it is like from now on, and what meets new connections. What is left out stays as it is.
   *
   * @example
   * network.set({ holds: "down" }); // what the server sends waits until set({ holds: "nothing" })
   * network.set({ reach: "refused" }, { path: "websocket" });
   */
  set(weather: Partial<Weather>, where?: Where): void;

  /** All is well again: nothing is held, refused or late. */
  clear(): void;

  /** What is open breaks, and new connections are refused. */
  offline(): void;

  /** New connections get through again, and the device says so, as browsers do. */
  online(): void;
}
