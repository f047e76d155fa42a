/** The WebSocket door: every frame of the protocol, both directions, over one connection. */
import type {
  FrameKind,
  Hub,
  Identity,
  Link,
  Session,
  SocketEvents,
  UpgradedSocket,
  UpgradeExchange,
  WheelTask,
} from "../core/index.ts";
import {
  binaryServerCodec,
  type ClientFrame,
  closeNumber,
  EitherwayError,
  type ErrorCode,
  type Framing,
  type HelloFrame,
  jsonServerCodec,
  SUBPROTOCOLS,
  toEitherwayError,
} from "../protocol/index.ts";
import type { SocketFailures } from "./abilities.ts";
import { afterOf } from "./answers.ts";
import { asHello } from "./requests.ts";
import { createWebSocketFraming, createWebSocketTextFraming } from "./websocket-frame.ts";

/**
 * Takes a handshake: the first of our subprotocols that the client offers is spoken; a client that offers none is refused. Its
 * first frame has to be `hello`, within `limits.helloMs`.
 *
 * @throws EitherwayError `bad-request`, or `too-many-links` before anything is held for the newcomer; then nothing was answered
 */
export function serveWebSocket(hub: Hub, request: UpgradeExchange): void {
  const dialect = chooseDialect(request.protocols);
  if (!dialect) throw noCommonProtocol();
  const { remote } = request;
  hub.seats.take({ remote });
  const socket = accept(hub, request, dialect.protocol, remote);
  socket.listen(new WebSocketLink(hub, socket, dialect, request, remote));
}

function accept(hub: Hub, request: UpgradeExchange, protocol: string, remote: string): UpgradedSocket {
  try {
    return request.accept(protocol);
  } catch (thrown) {
    hub.seats.free({ remote }); // the client went away meanwhile
    throw thrown;
  }
}

/** One way to speak over a WebSocket. */
interface Dialect {
  readonly protocol: string;
  readonly framing: Framing;
  /** Throws `bad-frame` when a text message came where bytes are spoken, or the reverse. */
  read(data: string | Uint8Array): ClientFrame;
}

const DIALECTS: readonly Dialect[] = [
  {
    protocol: SUBPROTOCOLS.json,
    framing: createWebSocketTextFraming(jsonServerCodec),
    read(data) {
      if (typeof data === "string") return jsonServerCodec.readClient(data);
      throw wrongKind("binary", SUBPROTOCOLS.json, "text");
    },
  },
  {
    protocol: SUBPROTOCOLS.binary,
    framing: createWebSocketFraming(binaryServerCodec),
    read(data) {
      if (typeof data !== "string") return binaryServerCodec.readClient(data);
      throw wrongKind("text", SUBPROTOCOLS.binary, "binary");
    },
  },
];

function chooseDialect(offered: readonly string[]): Dialect | undefined {
  for (const protocol of offered) {
    const dialect = DIALECTS.find((known) => known.protocol === protocol);
    if (dialect) return dialect;
  }
  return undefined;
}

/**
 * A class, because thousands of idle links share its methods: one object is the link, the listener of the socket and the task
 * of the hello deadline, and holds no closure.
 */
class WebSocketLink implements Link, SocketEvents, SocketFailures, WheelTask {
  readonly framing: Framing;
  wheelSlot: Set<WheelTask> | undefined = undefined;
  wheelTick = 0;
  readonly #hub: Hub;
  readonly #socket: UpgradedSocket;
  readonly #dialect: Dialect;
  #session: Session | undefined;
  #state: "waiting" | "open" | "closing" = "waiting";
  /** Until it is known who comes. */
  #request: UpgradeExchange | undefined;
  readonly #remote: string;
  /** Frames behind a hello whose sender is asked about: no more than had been read already. */
  #early: ClientFrame[] | undefined;

  /** It has the seat of `remote` until it says hello: it is no link yet, but holds memory all the same (P6). */
  constructor(hub: Hub, socket: UpgradedSocket, dialect: Dialect, request: UpgradeExchange, remote: string) {
    this.#request = request;
    this.#remote = remote;
    this.#hub = hub;
    this.#socket = socket;
    this.#dialect = dialect;
    this.framing = dialect.framing;
    hub.wheel.schedule(this, hub.limits.helloMs);
  }

  // --- what the session does ---

  write(bytes: Uint8Array, _kind: FrameKind): boolean {
    return this.#state === "closing" ? true : this.#socket.write(bytes);
  }

  get transport(): "websocket" {
    return "websocket";
  }

  get heartbeat(): "ping-pong" {
    return "ping-pong";
  }

  get pendingBytes(): number {
    return this.#socket.pendingBytes;
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  setReading(on: boolean): void {
    this.#socket.setReading(on);
  }

  close(code: ErrorCode, message: string, after?: number): void {
    if (this.#state === "closing") return;
    const bye = this.framing.frame({ t: "bye", code, message, ...(after !== undefined && { after }) });
    this.#socket.write(bye);
    this.#leaveWaiting();
    this.#state = "closing";
    this.#socket.close(closeNumber(code), code);
  }

  // --- what the peer does ---

  message(data: string | Uint8Array): void {
    if (this.#state === "closing") return;
    try {
      const frame = this.#dialect.read(data);
      if (this.#session) this.#session.receive(frame);
      else if (this.#early) this.#early.push(frame);
      else this.#greet(asHello(frame));
    } catch (thrown) {
      this.failed(toEitherwayError(thrown));
    }
  }

  failed(error: EitherwayError): void {
    if (this.#session) {
      this.#session.reject(error);
      return;
    }
    this.#hub.metrics.count(`hellos.refused.${error.code}`);
    this.close(error.code, error.message, afterOf(error));
  }

  drained(): void {
    this.#session?.drained();
  }

  closed(): void {
    this.#leaveWaiting();
    this.#state = "closing";
    this.#session?.closed();
  }

  // --- the deadline of hello ---

  fire(): void {
    const { helloMs } = this.#hub.limits;
    this.failed(new EitherwayError("hello-timeout", `No hello came within ${helloMs} ms; send it first of all.`));
  }

  #greet(hello: HelloFrame): void {
    const request = this.#request as UpgradeExchange;
    this.#request = undefined;
    const who = this.#hub.identify({
      client: hello.client,
      token: hello.token,
      remote: this.#remote,
      header: (name) => request.header(name),
    });
    if (who instanceof Promise) void this.#openWhen(who, hello);
    else this.#open(hello, who);
  }

  async #openWhen(identified: Promise<Identity>, hello: HelloFrame): Promise<void> {
    const early: ClientFrame[] = [];
    this.#early = early;
    this.#socket.setReading(false);
    try {
      const who = await identified;
      if (this.#state === "closing") return;
      this.#open(hello, who);
      this.#early = undefined;
      this.#socket.setReading(true);
      for (const frame of early) this.#session?.receive(frame);
    } catch (thrown) {
      if (this.#state !== "closing") this.failed(toEitherwayError(thrown));
    }
  }

  #open(hello: HelloFrame, who: Identity): void {
    this.#leaveWaiting();
    this.#state = "open";
    this.#session = this.#hub.open(this, hello, who);
  }

  #leaveWaiting(): void {
    if (this.#state !== "waiting") return;
    this.#hub.wheel.cancel(this);
    this.#hub.seats.free({ remote: this.#remote });
  }
}

function wrongKind(came: string, protocol: string, wanted: string): EitherwayError {
  return new EitherwayError("bad-frame", `A ${came} message came; ${protocol} is spoken in ${wanted} messages.`);
}

function noCommonProtocol(): EitherwayError {
  const known = Object.values(SUBPROTOCOLS).join(" or ");
  return new EitherwayError("bad-request", `The handshake offers no subprotocol of ours; offer ${known}.`);
}
