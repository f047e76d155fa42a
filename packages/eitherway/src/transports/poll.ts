/** `POST /poll`: a link for as long as one answer takes; the body is a hello with `wait`, the answer its frames, one a line. */
import type { FrameKind, HttpExchange, Hub, Link, Session, Undo, WheelTask } from "../core/index.ts";
import { type ErrorCode, type Framing, type HelloFrame, pollFraming } from "../protocol/index.ts";
import { isAbandonable } from "./abilities.ts";
import { linesAnswer } from "./answers.ts";
import { identify, readHello } from "./requests.ts";

/** Rejects, with nothing answered, for a body that is no hello and for what the hub refuses. */
export async function servePoll(hub: Hub, exchange: HttpExchange): Promise<void> {
  const hello = await readHello(hub, exchange);
  const who = await identify(hub, exchange, hello.client, hello.token);
  const link = new PollLink(hub, exchange, hello);
  link.begin(hub.open(link, hello, who));
}

const DEFAULT_WAIT_SECONDS = 25;
/** Below the 60 s after which common proxies give up on an answer. */
export const MAX_WAIT_SECONDS = 55;
const MS_PER_SECOND = 1_000;

/** Messages come in bursts: the rest of one goes along with its first message. */
export const GATHER_MS = 10;

/** Frames with something new in them. */
const SAY_SOMETHING: ReadonlySet<FrameKind> = new Set(["messages", "gap", "presence", "error"]);

/** An answer is done when it is as large as one run may be; what follows is one request away. */
const ANSWER_BYTES = 64 * 1024;

/** With `wait` 0 every subscription answers at once; a broker that does not must not hold the request for ever. */
const ANSWERS_MS = 10_000;

class PollLink implements Link, WheelTask {
  readonly framing: Framing = pollFraming;
  readonly transport = "poll";
  readonly heartbeat = "none";
  wheelSlot: Set<WheelTask> | undefined = undefined;
  wheelTick = 0;
  readonly #hub: Hub;
  readonly #exchange: HttpExchange;
  readonly #waitMs: number;
  readonly #frames: Uint8Array[] = [];
  #bytes = 0;
  #unanswered: number;
  #session: Session | undefined;
  #gathering: Undo | undefined;
  #done = false;

  constructor(hub: Hub, exchange: HttpExchange, hello: HelloFrame) {
    this.#hub = hub;
    this.#exchange = exchange;
    this.#waitMs = waitMsOf(hello);
    this.#unanswered = hello.channels.size;
  }

  begin(session: Session): void {
    this.#session = session;
    this.#hub.wheel.schedule(this, this.#waitMs || ANSWERS_MS);
    if (this.#waitMs === 0 && this.#unanswered === 0) this.#soon(0);
    if (isAbandonable(this.#exchange)) this.#exchange.onAbandoned(() => this.#finish(false));
  }

  write(bytes: Uint8Array, kind: FrameKind): boolean {
    if (this.#done) return true;
    this.#frames.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= ANSWER_BYTES || kind === "bye") this.#soon(0);
    else if (this.#waitMs > 0) {
      if (SAY_SOMETHING.has(kind)) this.#soon(GATHER_MS);
    } else if ((kind === "live" || kind === "error") && --this.#unanswered === 0) this.#soon(0);
    return this.#bytes < ANSWER_BYTES; // full: the rest is for the next request
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Frames are gathered anyway. */
  cork(): void {}
  uncork(): void {}

  /** The request has been read as a whole; there is nothing to stop. */
  setReading(_on: boolean): void {}

  close(code: ErrorCode, message: string, after?: number): void {
    this.write(this.framing.frame({ t: "bye", code, message, ...(after !== undefined && { after }) }), "bye");
  }

  /** The wait is over. */
  fire(): void {
    this.#finish(true);
  }

  /** Answers in `ms`, at the end of this turn at the earliest: never inside the session's own write. */
  #soon(ms: number): void {
    if (ms === 0) this.#hub.clock.defer(() => this.#finish(true));
    else this.#gathering ??= this.#hub.clock.after(ms, () => this.#finish(true));
  }

  #finish(answer: boolean): void {
    if (this.#done) return;
    this.#done = true;
    this.#gathering?.();
    this.#hub.wheel.cancel(this);
    if (answer) this.#exchange.respond(linesAnswer(concat(this.#frames, this.#bytes)));
    this.#session?.closed();
  }
}

/** Milliseconds for which the answer to this hello may be held. */
export function waitMsOf({ wait = DEFAULT_WAIT_SECONDS }: HelloFrame): number {
  return Math.min(wait, MAX_WAIT_SECONDS) * MS_PER_SECOND;
}

export function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
