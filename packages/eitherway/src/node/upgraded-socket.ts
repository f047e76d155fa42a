/**
 * A server-side WebSocket: `ws` reads and answers the protocol, we write.
 *
 * Frames that the framings made are written to the raw socket, past `ws`, so that one buffer serves every link of a run. That is
 * safe because without compression `ws` itself writes each of its frames (pong, close) whole and within one call, so that
 * frames of both writers never interleave; and because nothing is written once the close frame is on its way.
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { SocketEvents, UpgradedSocket } from "../core/index.ts";
import { closeNumber, EitherwayError, type ErrorCode } from "../protocol/index.ts";
import type { SocketFailures } from "../transports/index.ts";
import { asBuffer } from "./shared-bytes.ts";

/** What `ws` constructs for each accepted handshake; it becomes an `UpgradedSocket` once it is given its connection. */
export class ServerSocket extends WebSocket implements UpgradedSocket {
  remote = "";
  #raw: Duplex | undefined;
  #events: (SocketEvents & Partial<SocketFailures>) | undefined;
  #fullBytes = 0;
  #full = false;

  /** Takes the connection over. Listeners are shared functions: an idle link holds no closure of its own. */
  adopt(raw: RawSocket, remote: string, fullBytes: number): void {
    this.#raw = raw;
    this.remote = remote;
    this.#fullBytes = fullBytes;
    raw[OWNER] = this;
    raw.on("drain", onRawDrain);
    this.on("message", onMessage);
    this.on("error", onError);
    this.on("close", onClose);
  }

  listen(events: SocketEvents & Partial<SocketFailures>): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    const raw = this.#raw;
    if (!raw?.writable || this.readyState !== WebSocket.OPEN) return true;
    // `false` alone only says that this write was larger than a mark; the kernel may have taken all of it.
    if (raw.write(asBuffer(bytes)) || raw.writableLength < this.#fullBytes) return true;
    this.#full = true;
    return false;
  }

  get pendingBytes(): number {
    return this.#raw?.writableLength ?? 0;
  }

  cork(): void {
    this.#raw?.cork();
  }

  uncork(): void {
    this.#raw?.uncork();
  }

  setReading(on: boolean): void {
    if (on) this.resume();
    else this.pause();
  }

  /**
   * Also called by `ws` itself when what came is no WebSocket message, then with a number of RFC 6455 and no reason. That call
   * is left out: `error` follows at once, and its listener closes with the number of our own code.
   */
  override close(number?: number, reason?: string | Buffer): void {
    if (reason === undefined && number !== undefined && PROTOCOL_FAILURES.has(number)) return;
    this.resume(); // the peer's half of the closing handshake has to be read
    super.close(number, reason);
  }

  /** @internal */
  received(data: Buffer, binary: boolean): void {
    this.#events?.message(binary ? data : data.toString());
  }

  /** @internal */
  failed(error: EitherwayError): void {
    if (this.#events?.failed) this.#events.failed(error);
    else this.close(closeNumber(error.code), error.code);
  }

  /** @internal */
  rawDrained(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#events?.drained();
  }

  /** @internal */
  over(): void {
    this.#events?.closed();
  }
}

const OWNER = Symbol("eitherway.socket");

export type RawSocket = Duplex & { [OWNER]?: ServerSocket };

// RFC 6455 section 7.4.1: protocol error, invalid UTF-8, policy (too many fragments), too big.
const PROTOCOL_FAILURES: ReadonlySet<number> = new Set([1002, 1007, 1008, 1009]);

const CODE_OF_FAILURE: Readonly<Record<string, ErrorCode>> = {
  WS_ERR_INVALID_UTF8: "bad-utf8",
  WS_ERR_TOO_MANY_BUFFERED_PARTS: "too-large",
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: "too-large",
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: "too-large",
};

const SENTENCES: Readonly<Partial<Record<ErrorCode, string>>> = {
  "too-large": "The WebSocket message is over limits.frameBytes; send less at a time.",
  "bad-utf8": "The text of a WebSocket message is not valid UTF-8.",
};

function onRawDrain(this: RawSocket): void {
  this[OWNER]?.rawDrained();
}

function onMessage(this: WebSocket, data: unknown, binary: boolean): void {
  (this as ServerSocket).received(data as Buffer, binary); // binaryType "nodebuffer": always a Buffer
}

function onError(this: WebSocket, error: Error & { code?: string }): void {
  const code = CODE_OF_FAILURE[error.code ?? ""] ?? "bad-frame";
  const sentence = SENTENCES[code] ?? `The peer broke the WebSocket protocol: ${error.message}.`;
  (this as ServerSocket).failed(new EitherwayError(code, sentence, { cause: error }));
}

function onClose(this: WebSocket): void {
  (this as ServerSocket).over();
}
