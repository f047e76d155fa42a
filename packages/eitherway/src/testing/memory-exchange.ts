/** An HTTP request and its answer without sockets: a door gets the `exchange`, a test plays the client. */
import { type Clock, DEFAULT_LIMITS, type HttpAnswer, type HttpExchange, type Limits } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import type { Abandonable } from "../transports/index.ts";
import { concat } from "../transports/poll.ts";
import { createMemorySink, type MemorySink } from "./memory-sink.ts";

export interface MemoryRequest {
  /** Default: `GET`. */
  readonly method?: string;
  /** Below the base path: `/stream`. Default: empty. */
  readonly path?: string;
  /** Without `?`. */
  readonly query?: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly httpVersion?: 1 | 2;
  readonly remote?: string;
  readonly secure?: boolean;
}

export interface MemoryPeerOptions {
  readonly clock: Clock;
  /** `linkBytes` says when a sink is full, `frameBytes` what a socket takes. Default: the core's defaults. */
  readonly limits?: Limits;
  /** Bytes that the peer takes before it has to `take` more. Default: all, always. */
  readonly windowBytes?: number;
}

export interface MemoryExchange {
  /** For the server. */
  readonly exchange: HttpExchange & Abandonable;
  /** Status and headers, as soon as the server has sent them. */
  readonly answer: Omit<HttpAnswer, "body"> | undefined;
  /** `waiting` for an answer, `open` while its body comes, `ended` properly, or `cut`. */
  readonly state: "waiting" | "open" | "ended" | "cut";
  /** The bytes of the body that arrived since the last call of this or {@link readText}. */
  read(): Uint8Array;
  /** The same as text; a character whose bytes are split comes with its last one. */
  readText(): string;
  /** Opens the window by so many bytes. */
  take(bytes: number): void;
  /** The client's end of the connection is gone. */
  cut(): void;
}

/**
 * @example
 * const client = createMemoryExchange({ method: "POST", path: "/poll", body: hello }, { clock });
 * await servePoll(hub, client.exchange);
 * await clock.settle();
 * client.answer?.status; // 200
 */
export function createMemoryExchange(request: MemoryRequest, options: MemoryPeerOptions): MemoryExchange {
  const { clock, limits = DEFAULT_LIMITS, windowBytes = Number.POSITIVE_INFINITY } = options;
  const headers = new Map(Object.entries(request.headers ?? {}));
  const decoder = new TextDecoder();
  const abandoned: (() => void)[] = [];
  let state: MemoryExchange["state"] = "waiting";
  let answer: Omit<HttpAnswer, "body"> | undefined;
  let sink: MemorySink | undefined;
  let arrived: Uint8Array[] = [];

  const stream: HttpExchange["stream"] = ({ status, headers: answerHeaders }, events) => {
    if (answer) throw new Error(`${request.method ?? "GET"} ${request.path ?? ""} was answered twice`);
    answer = { status, headers: answerHeaders };
    const gone = state === "cut";
    if (!gone) state = "open";
    sink = createMemorySink({
      clock,
      fullBytes: limits.linkBytes,
      windowBytes,
      events,
      arrive: (bytes) => arrived.push(bytes),
      over: (how) => {
        state = how;
      },
    });
    if (gone) sink.destroy();
    return sink;
  };

  const exchange: HttpExchange & Abandonable = {
    method: request.method ?? "GET",
    path: request.path ?? "",
    query: request.query ?? "",
    httpVersion: request.httpVersion ?? 1,
    remote: request.remote ?? "127.0.0.1",
    secure: request.secure ?? false,
    header: (name) => headers.get(name),
    async body(limit) {
      const { body = "" } = request;
      const bytes = typeof body === "string" ? encoder.encode(body) : body;
      if (state === "cut") throw new EitherwayError("closed", "The client went away before its request body ended.");
      if (bytes.length <= limit) return bytes;
      throw new EitherwayError(
        "too-large",
        `The request body is over the limit of ${limit} bytes; send less at a time.`,
      );
    },
    respond({ body = "", ...head }) {
      const whole = stream(head, NO_EVENTS);
      whole.write(typeof body === "string" ? encoder.encode(body) : body);
      whole.end();
    },
    stream,
    onAbandoned(run) {
      abandoned.push(run);
      if (state === "cut" && !answer) clock.defer(run);
    },
  };

  const read = (): Uint8Array => {
    const parts = arrived;
    arrived = [];
    return concat(
      parts,
      parts.reduce((sum, part) => sum + part.length, 0),
    );
  };

  return {
    exchange,
    get answer() {
      return answer;
    },
    get state() {
      return state;
    },
    read,
    readText: () => decoder.decode(read(), { stream: true }),
    take: (bytes) => sink?.take(bytes),
    cut() {
      if (state !== "waiting") {
        sink?.destroy();
        return;
      }
      state = "cut";
      for (const run of abandoned) clock.defer(run);
    },
  };
}

const encoder = new TextEncoder();
const NO_EVENTS = { drained() {}, closed() {} };
