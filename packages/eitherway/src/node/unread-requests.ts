/**
 * What `node:http` refuses by itself, since it never becomes a request: a head or a body that is too slow, a head that is too large, bytes
 * that are no HTTP. Answered as Node does, with a body that says why, and counted like any other refusal (P6, P12).
 */
import type { EventEmitter } from "node:events";
import { maxHeaderSize as DEFAULT_HEAD_BYTES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Metrics, Undo } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import { errorAnswer } from "../transports/answers.ts";
import { rawAnswer } from "./raw-answer.ts";

type Listener = (error: NodeJS.ErrnoException, socket: Duplex) => void;

/** Those of all attachments: what else listens is the application's. */
const ours = new WeakSet<object>();

/** Counts as `requests.refused.<code>`. Where the application listens for `clientError` the answer stays its own. */
export function refuseUnread(server: EventEmitter, metrics: Metrics): Undo {
  const listener: Listener = (failure, socket) => {
    const error = refusalOf(failure, socket, server as Bounds);
    if (error) metrics.count(`requests.refused.${error.code}`);
    if (server.listeners("clientError").some((other) => !ours.has(other))) return;
    if (error && mayAnswer(socket)) socket.write(rawAnswer(errorAnswer(error)));
    socket.destroy(); // and not `end`: it would wait for a peer that takes nothing
  };
  ours.add(listener);
  server.on("clientError", listener);
  return () => void server.off("clientError", listener);
}

/** `undefined`: the connection is lost, or a handshake of TLS has failed. There is nobody to be told. */
function refusalOf({ code = "" }: NodeJS.ErrnoException, socket: Duplex, server: Bounds): EitherwayError | undefined {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return answering(socket) ? bodyTooLate(server) : headTooLate(server);
    case "HPE_HEADER_OVERFLOW":
      return headTooLarge(server);
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new EitherwayError(
        "too-large",
        "The chunks of the request body say more than they carry; send plain chunks.",
      );
    default:
      return code.startsWith("HPE_") ? noHttp(code) : undefined;
  }
}

/** As Node has it: an answer that has begun is cut, not written into. */
function mayAnswer(socket: Duplex): boolean {
  return socket.writable && answering(socket)?.headersSent !== true;
}

/** The response that is under way on a connection: Node's own field, by which it decides the same. */
function answering(socket: Duplex): ServerResponse | null | undefined {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage;
}

/** Of a server that speaks HTTP/1.1. */
interface Bounds {
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
  readonly maxHeaderSize?: number;
}

function headTooLate({ headersTimeout }: Bounds): EitherwayError {
  return new EitherwayError(
    "head-timeout",
    `The head of a request did not end within ${headersTimeout} ms of its connection or of the answer before; send it at once.`,
  );
}

function bodyTooLate({ requestTimeout }: Bounds): EitherwayError {
  return new EitherwayError("body-timeout", `The request did not end within ${requestTimeout} ms; send it faster.`);
}

function headTooLarge({ maxHeaderSize = DEFAULT_HEAD_BYTES }: Bounds): EitherwayError {
  return new EitherwayError(
    "head-too-large",
    `The head of the request is over the limit of ${maxHeaderSize} bytes; send fewer or shorter headers, and a shorter URL.`,
  );
}

/** @param code of Node's parser: a constant, with nothing in it of what came */
function noHttp(code: string): EitherwayError {
  return new EitherwayError("bad-request", `What came is no HTTP/1.1 (${code}); speak HTTP on this port.`);
}
