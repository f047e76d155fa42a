/** One Node HTTP request and its response, HTTP/1.1 or HTTP/2, as the core's `HttpExchange`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Clock, HttpAnswer, HttpExchange, Limits, Metrics, ResponseStream, SinkEvents } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import type { Target, TrustProxy } from "../server/index.ts";
import { errorAnswer } from "../transports/answers.ts";
import type { BodyBudget } from "../transports/body-bounds.ts";
import type { Abandonable } from "../transports/index.ts";
import { onConnectionEnd } from "./connection-end.ts";
import { watchLife } from "./http2-life.ts";
import { isSecure, peerOf } from "./peer.ts";
import { DISCARD_BYTES, declaredLength, readBody } from "./request-body.ts";
import { openResponseStream } from "./response-stream.ts";
import { type AnswerBudget, hasRoom, holdAnswer } from "./untaken-answers.ts";

/** What all exchanges of one attachment share. */
export interface ExchangeSettings {
  readonly trustProxy: TrustProxy;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly budget: BodyBudget;
  readonly answers: AnswerBudget;
}

export function createHttpExchange(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  target: Target,
  settings: ExchangeSettings,
): HttpExchange & Abandonable {
  return new NodeExchange(request, response, target, settings);
}

/** A class, because thousands of polls hold one each while they wait: one object, no closure. */
class NodeExchange implements HttpExchange, Abandonable {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly httpVersion: number;
  readonly secure: boolean;
  readonly #request: IncomingMessage | Http2ServerRequest;
  readonly #response: ServerResponse | Http2ServerResponse;
  readonly #settings: ExchangeSettings;
  #answered = false;

  constructor(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    { path, query }: Target,
    settings: ExchangeSettings,
  ) {
    this.method = request.method ?? "";
    this.path = path;
    this.query = query;
    this.httpVersion = request.httpVersionMajor;
    this.secure = isSecure(request, settings.trustProxy);
    this.#request = request;
    this.#response = response;
    this.#settings = settings;
    // A connection that breaks is told by `close`; without a listener the same news as `error` would end the process.
    request.on("error", ignore);
    response.on("error", ignore);
  }

  /** Read when asked: Node keeps the address with the socket from then on, some 100 bytes. */
  get remote(): string {
    return peerOf(this.#request, this.#settings.trustProxy).remote;
  }

  header(name: string): string | undefined {
    return headerOf(this.#request, name);
  }

  body(limit: number): Promise<Uint8Array> {
    const { limits, clock, budget } = this.#settings;
    return readBody(this.#request, { bytes: limit, ms: limits.bodyMs, clock, budget });
  }

  respond(wanted: HttpAnswer): void {
    this.#claimAnswer();
    const { answers, clock, metrics } = this.#settings;
    const request = this.#request;
    const response = this.#response;
    const body = bodyOf(wanted);
    const isTooMuch = !hasRoom(answers, body.length);
    if (isTooMuch) metrics.count("requests.refused.unavailable");
    const answer = isTooMuch ? withoutRoom(wanted) : { ...wanted, body };
    if ("stream" in response) respondHttp2(request, response, answer);
    else respondHttp1(request, response, answer);
    const drop = (): void => {
      metrics.count("answers.dropped");
      dropConnection(request, response);
    };
    holdAnswer(response, bodyOf(answer).length, { budget: answers, clock, drop });
  }

  stream(answer: Omit<HttpAnswer, "body">, events: SinkEvents): ResponseStream {
    this.#claimAnswer();
    const { clock, limits } = this.#settings;
    const response = this.#response;
    if ("stream" in response) watchLife(response.stream, clock);
    return openResponseStream(response, answer, events, limits.linkBytes);
  }

  onAbandoned(run: () => void): void {
    const response = this.#response;
    const connection = "stream" in response ? response.stream : this.#request.socket;
    let told = false;
    const tell = (): void => {
      if (told) return;
      told = true;
      forgetEnd();
      response.off("close", tell);
      if (!this.#answered) run();
    };
    const forgetEnd = onConnectionEnd(connection, tell);
    response.on("close", tell);
    if (connection.destroyed) process.nextTick(tell); // it tells nothing any more
  }

  #claimAnswer(): void {
    if (this.#answered) throw new Error(`${this.method} ${this.path} was answered twice`);
    this.#answered = true;
  }
}

/** A header of a request; `host` also where HTTP/2 calls it `:authority`. */
export function headerOf(
  request: Pick<IncomingMessage | Http2ServerRequest, "headers">,
  name: string,
): string | undefined {
  const value = request.headers[name] ?? (name === "host" ? request.headers[":authority"] : undefined);
  return Array.isArray(value) ? value.join(", ") : value;
}

function respondHttp1(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse,
  answer: HttpAnswer,
): void {
  const body = bodyOf(answer);
  response.writeHead(answer.status, {
    ...answer.headers,
    ...lengthOf(answer, body),
    // The rest of a long body would be read as if it were wanted, only to reach the next request.
    ...(!request.complete && !isShort(request) && { connection: "close" }),
  });
  response.end(body);
}

function respondHttp2(
  request: IncomingMessage | Http2ServerRequest,
  response: Http2ServerResponse,
  answer: HttpAnswer,
): void {
  const body = bodyOf(answer);
  const { stream } = response;
  response.writeHead(answer.status, { ...answer.headers, ...lengthOf(answer, body) });
  if (!request.complete) {
    // RFC 9113 section 8.1: a complete answer, then "do not send the rest".
    stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
  }
  response.end(body);
}

/** What a client is told when others, or itself, have left too many answers untaken. Headers for its page stay. */
function withoutRoom({ headers }: HttpAnswer): HttpAnswer {
  const error = new EitherwayError(
    "unavailable",
    "Too many answers wait for clients that are slow to take them; try again.",
  );
  const answer = errorAnswer(error);
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

function dropConnection(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  if ("stream" in response) {
    response.stream.close(constants.NGHTTP2_CANCEL);
    response.stream.destroy(); // on a dead connection nothing else would end it
  } else request.socket.destroy();
}

function bodyOf(answer: HttpAnswer): Buffer {
  const { body = "" } = answer;
  return typeof body === "string" ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/** RFC 9110 section 8.6: these two have no body, so no length either. */
function lengthOf(answer: HttpAnswer, body: Buffer): { "content-length"?: string } {
  if (answer.status === NO_CONTENT || answer.status === NOT_MODIFIED) return {};
  return { "content-length": String(body.length) };
}

/** Whether what is left of the body is little enough to be read and forgotten by Node. */
function isShort(request: IncomingMessage | Http2ServerRequest): boolean {
  if (request.headers["transfer-encoding"] !== undefined) return false;
  return (declaredLength(request) ?? 0) <= DISCARD_BYTES;
}

function ignore(): void {}
