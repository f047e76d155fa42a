/** A WebSocket without sockets: the WebSocket door gets the `request`, a test plays the client. */
import {
  DEFAULT_LIMITS,
  type HttpAnswer,
  type SocketEvents,
  type Undo,
  type UpgradedSocket,
  type UpgradeExchange,
} from "../core/index.ts";
import { closeNumber, EitherwayError, utf8Length } from "../protocol/index.ts";
import type { SocketFailures } from "../transports/index.ts";
import type { MemoryPeerOptions, MemoryRequest } from "./memory-exchange.ts";
import { createMemorySink, type MemorySink } from "./memory-sink.ts";
import { createServerFrameReader } from "./server-frame-reader.ts";

export interface MemoryHandshake extends Omit<MemoryRequest, "method" | "body" | "httpVersion"> {
  /** Subprotocols that the client offers, in its order. */
  readonly protocols: readonly string[];
}

export interface MemorySocket {
  /** For the server. */
  readonly request: UpgradeExchange;
  /** The subprotocol that the server chose. */
  readonly protocol: string | undefined;
  /** The answer of a server that refused. */
  readonly refusal: HttpAnswer | undefined;
  /** How the connection ended; 1006 where no close frame came. */
  readonly closed: { readonly number: number; readonly reason: string } | undefined;
  /** A message to the server. It arrives at the end of the turn, once the server reads. */
  send(message: string | Uint8Array): void;
  /** The messages that arrived whole since the last call. */
  read(): readonly (string | Uint8Array)[];
  /** Opens the window by so many bytes. */
  take(bytes: number): void;
  /** The closing handshake, begun by the client. */
  close(): void;
  /** The client's end of the connection is gone. */
  cut(): void;
}

/** Milliseconds after which a server that began the closing handshake ends a connection whose client does not take its frame. */
const CLOSE_MS = 5_000;

/** RFC 6455 section 7.1.5: no close frame came. */
const NO_CLOSE_FRAME = 1006;
const NORMAL = 1000;

export function createMemorySocket(handshake: MemoryHandshake, options: MemoryPeerOptions): MemorySocket {
  const { clock, limits = DEFAULT_LIMITS, windowBytes = Number.POSITIVE_INFINITY } = options;
  const headers = new Map(Object.entries(handshake.headers ?? {}));
  const reader = createServerFrameReader();
  const inbox: (string | Uint8Array)[] = [];
  let messages: (string | Uint8Array)[] = [];
  let events: (SocketEvents & Partial<SocketFailures>) | undefined;
  let sink: MemorySink | undefined;
  let protocol: string | undefined;
  let refusal: HttpAnswer | undefined;
  let closed: MemorySocket["closed"];
  let closing: MemorySocket["closed"];
  let closeDeadline: Undo = () => {};
  let reading = true;
  let broken = false;

  function deliver(): void {
    while (reading && !closed && !broken && events) {
      const message = inbox.shift();
      if (message === undefined) return;
      if (sizeOf(message) > limits.frameBytes) fail();
      else events.message(message);
    }
  }

  function fail(): void {
    broken = true;
    const error = new EitherwayError(
      "too-large",
      "The WebSocket message is over limits.frameBytes; send less at a time.",
    );
    if (events?.failed) events.failed(error);
    else closeByServer(closeNumber(error.code), error.code);
  }

  function closeByServer(number: number, reason: string): void {
    if (closing || closed) return;
    closing = { number, reason };
    closeDeadline = clock.after(CLOSE_MS, () => sink?.destroy());
    sink?.end();
  }

  function accept(chosen: string): UpgradedSocket {
    if (protocol !== undefined || refusal) throw new Error("the handshake was answered twice");
    protocol = chosen;
    const out = createMemorySink({
      clock,
      fullBytes: limits.linkBytes,
      windowBytes,
      events: { drained: () => events?.drained(), closed: () => events?.closed() },
      arrive: (bytes) => messages.push(...reader.feed(bytes)),
      over(how) {
        closeDeadline();
        closed ??= how === "ended" && closing ? closing : { number: NO_CLOSE_FRAME, reason: "" };
      },
    });
    sink = out;
    if (closed) out.destroy(); // the client has gone meanwhile
    return {
      protocol: chosen,
      listen(listener) {
        events = listener;
        clock.defer(deliver);
      },
      write: (bytes) => out.write(bytes),
      get pendingBytes() {
        return out.pendingBytes;
      },
      cork: () => out.cork(),
      uncork: () => out.uncork(),
      setReading(on) {
        reading = on;
        if (on) clock.defer(deliver);
      },
      close: closeByServer,
    };
  }

  return {
    request: {
      path: handshake.path ?? "",
      query: handshake.query ?? "",
      remote: handshake.remote ?? "127.0.0.1",
      secure: handshake.secure ?? false,
      header: (name) => headers.get(name),
      protocols: handshake.protocols,
      accept,
      refuse(answer) {
        if (protocol !== undefined || refusal) throw new Error("the handshake was answered twice");
        refusal = answer;
      },
    },
    get protocol() {
      return protocol;
    },
    get refusal() {
      return refusal;
    },
    get closed() {
      return closed;
    },
    send(message) {
      if (closed) return;
      inbox.push(message);
      clock.defer(deliver);
    },
    read() {
      const taken = messages;
      messages = [];
      return taken;
    },
    take: (bytes) => sink?.take(bytes),
    close() {
      // Behind what was sent before it.
      clock.defer(() => {
        closed ??= { number: NORMAL, reason: "" };
        sink?.destroy();
      });
    },
    cut() {
      closed ??= { number: NO_CLOSE_FRAME, reason: "" };
      sink?.destroy();
    },
  };
}

function sizeOf(message: string | Uint8Array): number {
  return typeof message === "string" ? utf8Length(message) : message.length;
}
