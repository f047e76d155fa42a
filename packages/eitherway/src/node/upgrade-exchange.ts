/** One request to become a WebSocket, as the core's `UpgradeExchange`. */
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, WebSocketServer } from "ws";
import type { HttpAnswer, Limits, UpgradedSocket, UpgradeExchange } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import { headerOf } from "./http-exchange.ts";
import { peerOf, type TrustProxy } from "./peer.ts";
import { type RawSocket, ServerSocket } from "./upgraded-socket.ts";

export interface UpgradeExchangeOptions {
  readonly path: string;
  readonly query: string;
  readonly trustProxy: TrustProxy;
  readonly limits: Limits;
  readonly acceptor: WebSocketAcceptor;
}

/** Completes handshakes. Make one per server. */
export interface WebSocketAcceptor {
  /** Throws `closed` when the client has gone away meanwhile. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, protocol: string): ServerSocket;
}

/** Milliseconds that a peer has to answer a close frame: a slow round trip, not a nap. Then the socket is destroyed. */
const CLOSE_MS = 5_000;

export function createWebSocketAcceptor(limits: Limits): WebSocketAcceptor {
  let chosen = "";
  const options: ServerOptions<typeof ServerSocket> & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false, // the hub knows its links
    perMessageDeflate: false, // ~300 KiB a connection, and frames of two writers could interleave
    maxPayload: limits.frameBytes,
    skipUTF8Validation: false,
    closeTimeout: CLOSE_MS,
    handleProtocols: () => chosen,
    WebSocket: ServerSocket,
  };
  const server = new WebSocketServer(options);
  return {
    accept(request, socket, head, protocol) {
      let accepted: ServerSocket | undefined;
      chosen = protocol;
      server.handleUpgrade(request, socket, head, (webSocket) => {
        accepted = webSocket; // synchronously: nothing in our options makes ws wait
      });
      if (!accepted) throw new EitherwayError("closed", "The client went away during the WebSocket handshake.");
      return accepted;
    },
  };
}

export function createUpgradeExchange(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: UpgradeExchangeOptions,
): UpgradeExchange {
  const { remote, secure } = peerOf(request, options.trustProxy);
  return {
    path: options.path,
    query: options.query,
    remote,
    secure,
    header: (name) => headerOf(request, name),
    protocols: offeredProtocols(request),
    accept(protocol): UpgradedSocket {
      const webSocket = options.acceptor.accept(request, socket, head, protocol);
      webSocket.adopt(socket as RawSocket, remote, options.limits.linkBytes);
      return webSocket;
    },
    refuse: (answer) => refuseUpgrade(socket, answer),
  };
}

/** Answers an upgrade request with a plain response, written by hand: Node's response objects are gone by then. */
export function refuseUpgrade(socket: Duplex, answer: HttpAnswer): void {
  const { body = "" } = answer;
  const bytes = Buffer.from(body);
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`,
    ...Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${bytes.length}`,
    "connection: close",
  ];
  socket.once("finish", () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), bytes]));
}

const KEY_SHAPE = /^[+/0-9A-Za-z]{22}==$/;
const TOKEN_LIST = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*$/;

/** Checks what RFC 6455 section 4.2.1 wants of a handshake. Throws `bad-request`. */
export function checkHandshake(request: IncomingMessage): void {
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

function offeredProtocols(request: IncomingMessage): readonly string[] {
  return splitProtocols(request.headers["sec-websocket-protocol"] ?? "");
}

function splitProtocols(header: string): readonly string[] {
  return header
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
