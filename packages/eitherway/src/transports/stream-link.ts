/** A link over a response body that stays open: what the two event-stream doors have in common. */
import type {
  FrameKind,
  HttpExchange,
  Hub,
  Identity,
  Link,
  ResponseStream,
  Session,
  SinkEvents,
  WheelTask,
} from "../core/index.ts";
import { EitherwayError, type ErrorCode, type Framing, type HelloFrame } from "../protocol/index.ts";
import { errorAnswer } from "./answers.ts";

/**
 * S3: nothing on the way may store (`no-cache` would let it), compress (which holds events back) or buffer the stream, nor guess its type.
 * Words about the connection are the platform's, and HTTP/2 forbids them.
 */
const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
} as const;

export interface StreamLinkOptions {
  readonly hub: Hub;
  readonly exchange: HttpExchange;
  readonly transport: "sse" | "events";
  readonly framing: Framing;
  readonly errorsFirst?: ErrorsFirst;
}

/**
 * With it, the stream begins with the first frame that is neither `welcome` nor `error`, or a moment later; an error before that
 * is the answer of the request, with its status. And once every one of `channels` has failed, the stream ends. Without it: the
 * stream begins with its first frame.
 */
export interface ErrorsFirst {
  readonly channels: number;
  /** Reads an `error` frame of the link's framing. */
  readonly read: (frame: Uint8Array) => EitherwayError;
}

/**
 * Opens the link and its session. From then on everything comes from the session, the wheel or the connection.
 *
 * @throws EitherwayError what `hub.open` throws; then nothing was answered
 */
export function openStreamLink(options: StreamLinkOptions, hello: HelloFrame, who: Identity): void {
  const link = new StreamLink(options);
  link.begin(options.hub.open(link, hello, who));
}

/** Proxies and platforms limit the life of a response; ending it first, with a resume, makes that a non-event (S17). */
const ROTATE_MS = 5 * 60_000;
/** +- 20 %, so that streams which began together do not end together. */
const ROTATE_JITTER = 0.2;

/** How long an answer is held back for a first error: a subscription takes a few turns, a slow broker must not delay `open`. */
const HOLD_MS = 100;

/** How long the last bytes may take to leave; then the connection is dropped. */
const END_MS = 5_000;

/** `retry:` differs from client to client, so that they do not all come back in the same moment (S16). */
const RETRY_LEAST_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;

/**
 * A class for the same reason as the WebSocket's link: one object, no closure, for thousands of idle streams. The request is let
 * go once it is answered.
 */
class StreamLink implements Link, SinkEvents, WheelTask {
  readonly framing: Framing;
  readonly transport: "sse" | "events";
  wheelSlot: Set<WheelTask> | undefined = undefined;
  wheelTick = 0;
  readonly #hub: Hub;
  readonly #readError: ErrorsFirst["read"] | undefined;
  #exchange: HttpExchange | undefined;
  #stream: ResponseStream | undefined;
  #session: Session | undefined;
  /** `held`: not answered yet; `ending`: the last bytes are on their way; `over`: nothing is written any more. */
  #state: "held" | "open" | "ending" | "over" = "held";
  #unfailedChannels: number;

  constructor({ hub, exchange, transport, framing, errorsFirst }: StreamLinkOptions) {
    this.framing = framing;
    this.transport = transport;
    this.#hub = hub;
    this.#readError = errorsFirst?.read;
    this.#unfailedChannels = errorsFirst?.channels ?? 0;
    this.#exchange = exchange;
  }

  begin(session: Session): void {
    this.#session = session;
    if (this.#state === "held") this.#hub.wheel.schedule(this, HOLD_MS);
    // A refusal inside hub.open was before there was a session to tell.
    if (this.#state === "over") session.closed();
  }

  // --- what the session does ---

  write(bytes: Uint8Array, kind: FrameKind): boolean {
    const readError = this.#readError;
    if (this.#state === "held") {
      if (readError && kind === "welcome") return true;
      if (readError && kind === "error") {
        this.#refuse(readError(bytes));
        return true;
      }
      this.#start();
    }
    if (this.#state !== "open" || !this.#stream) return true;
    const room = this.#stream.write(bytes);
    if (readError && kind === "error" && --this.#unfailedChannels <= 0) {
      const { code, message } = readError(bytes);
      this.close(code, message);
    }
    return room;
  }

  get heartbeat(): "ping" {
    return "ping";
  }

  get pendingBytes(): number {
    return this.#stream?.pendingBytes ?? 0;
  }

  cork(): void {
    this.#stream?.cork();
  }

  uncork(): void {
    this.#stream?.uncork();
  }

  /** The request has been read as a whole; there is nothing to stop. */
  setReading(_on: boolean): void {}

  close(code: ErrorCode, message: string, after?: number): void {
    if (this.#state === "held") this.#refuse(new EitherwayError(code, message), after);
    if (this.#state !== "open") return;
    const stream = this.#stream as ResponseStream;
    stream.write(this.framing.frame({ t: "bye", code, message, ...(after !== undefined && { after }) }));
    this.#state = "ending";
    stream.end();
    this.#hub.wheel.schedule(this, END_MS);
  }

  // --- what the connection does ---

  drained(): void {
    if (this.#state === "open") this.#session?.drained();
  }

  closed(): void {
    this.#state = "over";
    this.#hub.wheel.cancel(this);
    this.#session?.closed();
  }

  // --- deadlines ---

  fire(): void {
    if (this.#state === "held") this.#start();
    else if (this.#state === "open") {
      this.#hub.metrics.count("links.closed.rotate");
      this.close("rotate", "This stream has lived its time; go on at your cursor.", 0);
    } else if (this.#state === "ending") this.#stream?.destroy();
  }

  #start(): void {
    const hub = this.#hub;
    this.#state = "open";
    const stream = this.#takeExchange().stream({ status: 200, headers: EVENT_STREAM_HEADERS }, this);
    this.#stream = stream;
    stream.write(prologue(RETRY_LEAST_MS + Math.floor(hub.random() * RETRY_SPREAD_MS)));
    hub.wheel.schedule(this, ROTATE_MS * (1 + ROTATE_JITTER * (2 * hub.random() - 1)));
  }

  #refuse(error: EitherwayError, after?: number): void {
    const hub = this.#hub;
    this.#state = "over";
    hub.wheel.cancel(this);
    this.#takeExchange().respond(errorAnswer(error, after));
    hub.clock.defer(() => this.#session?.closed()); // not inside the session's own write
  }

  #takeExchange(): HttpExchange {
    const exchange = this.#exchange as HttpExchange; // only a held link answers, and it does once
    this.#exchange = undefined;
    return exchange;
  }
}

const encoder = new TextEncoder();

/** First bytes at once, so that the client's `open` fires and a buffering proxy shows itself (S4). */
function prologue(retryMs: number): Uint8Array {
  return encoder.encode(`retry: ${retryMs}\n: eitherway\n\n`);
}
