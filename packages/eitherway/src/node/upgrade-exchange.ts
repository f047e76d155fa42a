/** One request to become a WebSocket, as the core's `UpgradeExchange`. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { HttpAnswer, Limits, UpgradeExchange } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import type { TrustProxy } from "../server/index.ts";
import { headerOf } from "./http-exchange.ts";
import { isSecure, peerOf } from "./peer.ts";
import { rawAnswer } from "./raw-answer.ts";
import { ServerSocket, type SocketSettings, socketSettings } from "./upgraded-socket.ts";

/** What is asked of a handshake: of `node:http`'s request, or of one that was read ahead of it. */
export type UpgradeRequest = Pick<IncomingMessage, "method" | "url" | "headers" | "socket">;

export interface UpgradeExchangeOptions {
  readonly path: string;
  readonly query: string;
  readonly trustProxy: TrustProxy;
  readonly acceptor: WebSocketAcceptor;
}

/** Completes handshakes. Make one per server. */
export interface WebSocketAcceptor {
  /** Throws `closed` when the client has gone away meanwhile. */
  accept(handshake: Handshake): ServerSocket;
}

/** A handshake that `checkHandshake` found right. */
export interface Handshake {
  readonly key: string;
  readonly socket: Duplex;
  /** What the client sent behind its request. */
  readonly head: Buffer;
  /** Empty: none, as the client offered none. */
  readonly protocol: string;
}

export function createWebSocketAcceptor(limits: Limits, unfinished: SocketSettings["unfinished"]): WebSocketAcceptor {
  const settings = socketSettings(limits, unfinished);
  return {
    accept({ key, socket, head, protocol }) {
      if (!socket.readable || !socket.writable) {
        throw new EitherwayError("closed", "The client went away during the WebSocket handshake.");
      }
      if (socket instanceof Socket) {
        socket.setTimeout(0); // the server's limit for requests ends here; sessions have their own
        socket.setNoDelay();
      }
      socket.write(acceptance(key, protocol), "latin1");
      if (head.length > 0) socket.unshift(head);
      return new ServerSocket(socket, protocol, settings);
    },
  };
}

/** RFC 6455 section 1.3: what a server adds to a key, so that its answer comes from no cache and no other protocol. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** No extension is ever accepted: compression costs ~300 KiB a connection. */
function acceptance(key: string, protocol: string): string {
  const accept = createHash("sha1")
    .update(key + KEY_SUFFIX)
    .digest("base64");
  const named = protocol === "" ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${named}\r\n`;
}

export function createUpgradeExchange(
  request: UpgradeRequest,
  socket: Duplex,
  head: Buffer,
  options: UpgradeExchangeOptions,
): UpgradeExchange {
  return new NodeUpgradeExchange(request, socket, head, options);
}

/**
 * A class, because V8 keeps the getters of an object literal in the shape of that very object, and shapes until its next full
 * collection: each handshake's request would outlive its youth (measured: 930 bytes a link promoted in vain, 290 of them resident).
 */
class NodeUpgradeExchange implements UpgradeExchange {
  readonly path: string;
  readonly query: string;
  readonly protocols: readonly string[];
  readonly #request: UpgradeRequest;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  readonly #options: UpgradeExchangeOptions;

  constructor(request: UpgradeRequest, socket: Duplex, head: Buffer, options: UpgradeExchangeOptions) {
    this.path = options.path;
    this.query = options.query;
    this.protocols = offeredProtocols(request);
    this.#request = request;
    this.#socket = socket;
    this.#head = head;
    this.#options = options;
  }

  /** Read when asked: without a proxy that names it, Node keeps the address with the socket from then on, some 90 bytes. */
  get remote(): string {
    return peerOf(this.#request, this.#options.trustProxy).remote;
  }

  get secure(): boolean {
    return isSecure(this.#request, this.#options.trustProxy);
  }

  header(name: string): string | undefined {
    return headerOf(this.#request, name);
  }

  accept(protocol: string): ServerSocket {
    const key = this.#request.headers["sec-websocket-key"] ?? "";
    return this.#options.acceptor.accept({ key, socket: this.#socket, head: this.#head, protocol });
  }

  refuse(answer: HttpAnswer): void {
    refuseUpgrade(this.#socket, answer);
  }
}

/** Answers an upgrade request with a plain response: Node's response objects are gone by then. */
export function refuseUpgrade(socket: Duplex, answer: HttpAnswer): void {
  socket.once("finish", () => socket.destroy());
  socket.end(rawAnswer(answer));
}

const KEY_SHAPE = /^[+/0-9A-Za-z]{22}==$/;
const TOKEN_LIST = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*$/;

/** Checks what RFC 6455 section 4.2.1 wants of a handshake. Throws `bad-request`. */
export function checkHandshake(request: UpgradeRequest): void {
  const { headers } = request;
  const fail = (why: string): never => {
    throw new EitherwayError("bad-request", `This is no WebSocket handshake: ${why}.`);
  };
  if (request.method !== "GET") fail(`its method is ${request.method}, not GET`);
  if (headers["sec-websocket-version"] !== "13") fail("Sec-WebSocket-Version is not 13");
  if (!KEY_SHAPE.test(headers["sec-websocket-key"] ?? "")) fail("Sec-WebSocket-Key is not 16 bytes in base64");
  const protocols = headers["sec-websocket-protocol"];
  if (protocols !== undefined && !TOKEN_LIST.test(protocols)) fail("Sec-WebSocket-Protocol is not a list of names");
  if (protocols !== undefined && new Set(splitProtocols(protocols)).size !== splitProtocols(protocols).length) {
    fail("Sec-WebSocket-Protocol names a protocol twice");
  }
}

function offeredProtocols(request: UpgradeRequest): readonly string[] {
  return splitProtocols(request.headers["sec-websocket-protocol"] ?? "");
}

function splitProtocols(header: string): readonly string[] {
  return header
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
