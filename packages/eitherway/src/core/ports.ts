/**
 * What the core and the transports need from a platform. Adapters (`node/`) implement these; tests replace clock, randomness
 * and network only.
 */

/** Ends what a call started. Calling it again does nothing. */
export type Undo = () => void;

export interface Clock {
  /** Milliseconds since 1970, for people and for naming epochs. May step back. */
  wall(): number;
  /** Milliseconds since some moment. Never steps back: every duration and deadline uses this one. */
  now(): number;
  /** Runs once, `ms` milliseconds from now. Does not keep a process alive by itself. */
  after(ms: number, run: () => void): Undo;
  /** Runs at the end of this event-loop turn, when the input at hand has been read. In order of calls. */
  defer(run: () => void): void;
}

/** A number from 0 (inclusive) to 1 (exclusive). Used for jitter and epochs, never for secrets. */
export type Random = () => number;

/** One event a line. Fields never hold payloads or tokens. */
export interface Logger {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Counters only; gauges are read from their owners when asked. */
export interface Metrics {
  count(name: string, by?: number): void;
}

/** Where bytes leave for one peer. */
export interface ByteSink {
  /**
   * Takes all of `bytes`, always. They may be shared with other sinks: neither side changes them.
   * `false`: full; write no more until `drained`. Writing to a closed sink does nothing and returns `true`.
   */
  write(bytes: Uint8Array): boolean;
  /** Bytes taken that the kernel has not. */
  readonly pendingBytes: number;
  /** Gathers the writes up to `uncork` into one. Pairs; calls do not nest. */
  cork(): void;
  uncork(): void;
}

export interface SinkEvents {
  /** The sink was full and is not any more. */
  drained(): void;
  /** The connection is over, whoever ended it. Exactly once, nothing after it. */
  closed(): void;
}

/** A response body that stays open. */
export interface ResponseStream extends ByteSink {
  /** Ends the body properly, after what was written. */
  end(): void;
  /** Drops the connection now. */
  destroy(): void;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. Never `connection`, `transfer-encoding` or `content-length`: the platform owns those. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One HTTP request and its answer. Exactly one of `respond` and `stream` is called, once. */
export interface HttpExchange {
  readonly method: string;
  /** The path below the base path, percent-encoded, starting with `/` or empty; without the query. */
  readonly path: string;
  /** The query without `?`; empty where there is none. */
  readonly query: string;
  /** 1 or 2: the major version of HTTP. */
  readonly httpVersion: number;
  /** Address of the client; with `trustProxy` the one that the proxy names. */
  readonly remote: string;
  /** TLS, here or (with `trustProxy`) at the proxy. */
  readonly secure: boolean;
  /** A header by its lower-case name; repeated ones joined by `, `. */
  header(name: string): string | undefined;
  /**
   * The whole request body. Rejects with `too-large` above `limit` bytes, `body-timeout` when it does not end in time,
   * `closed` when the client went away.
   */
  body(limit: number): Promise<Uint8Array>;
  respond(answer: HttpAnswer): void;
  /** Sends status and headers at once and keeps the body open. */
  stream(answer: Omit<HttpAnswer, "body">, events: SinkEvents): ResponseStream;
}

export interface SocketEvents extends SinkEvents {
  /** A whole WebSocket message: text as a string (valid UTF-8), or bytes. */
  message(data: string | Uint8Array): void;
}

/** A WebSocket after its handshake. */
export interface UpgradedSocket extends ByteSink {
  /** The chosen subprotocol. */
  readonly protocol: string;
  /** `write` takes whole RFC 6455 frames, so that one encoding serves many sockets. */
  listen(events: SocketEvents): void;
  /** Stops or goes on reading from the peer: backpressure. */
  setReading(on: boolean): void;
  /** Closing handshake with a close code and a reason of at most 123 bytes; the socket is destroyed if the peer does not answer. */
  close(number: number, reason: string): void;
}

/** A request to become a WebSocket. Exactly one of `accept` and `refuse` is called, once. */
export interface UpgradeExchange {
  readonly path: string;
  readonly query: string;
  readonly remote: string;
  readonly secure: boolean;
  header(name: string): string | undefined;
  /** The subprotocols that the client offers, in its order. */
  readonly protocols: readonly string[];
  /** Completes the handshake with one of `protocols`. */
  accept(protocol: string): UpgradedSocket;
  /** Answers with a plain HTTP response and closes. */
  refuse(answer: HttpAnswer): void;
}
