/** One web-standard request and its response as the core's `HttpExchange`. */
import type { Clock, HttpAnswer, HttpExchange, Limits, ResponseStream, SinkEvents } from "../core/index.ts";
import { forwarded, type Target, type TrustProxy } from "../server/index.ts";
import type { BodyBudget } from "../transports/body-bounds.ts";
import type { Abandonable } from "../transports/index.ts";
import { readBody } from "./body-reader.ts";
import { openBodyStream } from "./body-stream.ts";

/** What all exchanges of one handler share. */
export interface ExchangeSettings {
  readonly trustProxy: TrustProxy;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly budget: BodyBudget;
}

/** The standard does not say, and what depends on it suits HTTP/1.1 as well. */
const HTTP_VERSION = 1;

export function createFetchExchange(
  request: Request,
  url: URL,
  { path, query }: Target,
  { trustProxy, clock, limits, budget }: ExchangeSettings,
  answer: (response: Response) => void,
): HttpExchange & Abandonable {
  let answered = false;

  function respondWith(head: Omit<HttpAnswer, "body">, body: BodyInit | null): void {
    if (answered) throw new Error(`${request.method} ${path} was answered twice`);
    answered = true;
    answer(new Response(body, head));
  }

  return {
    method: request.method,
    path,
    query,
    httpVersion: HTTP_VERSION,
    // Hosts tell the address in ways of their own, and proxies in one.
    remote: forwarded(header("x-forwarded-for"), trustProxy) ?? "",
    secure: (forwarded(header("x-forwarded-proto"), trustProxy) ?? url.protocol.slice(0, -1)).toLowerCase() === "https",
    header,
    body: (limit) => readBody(request, { bytes: limit, ms: limits.bodyMs, clock, budget }),
    respond({ body = null, ...head }) {
      // RFC 9110 section 9.3.2: an answer to HEAD has no body, and not all hosts take it off.
      respondWith(head, request.method === "HEAD" ? null : (body as BodyInit | null));
    },
    stream(head: Omit<HttpAnswer, "body">, events: SinkEvents): ResponseStream {
      const { body, sink } = openBodyStream(request.signal, events, limits.linkBytes);
      respondWith(head, body);
      return sink;
    },
    onAbandoned(run) {
      const tell = (): void => {
        if (!answered) run();
      };
      if (request.signal.aborted) clock.defer(tell);
      else request.signal.addEventListener("abort", tell, { once: true });
    },
  };

  function header(name: string): string | undefined {
    return request.headers.get(name) ?? (name === "host" ? url.host : undefined);
  }
}
