/** Answers web-standard requests: for hosts that speak `Request` and `Response` (Hono, Next.js, Bun, Deno). */
import type { Clock, Limits } from "../core/index.ts";
import { notHereAnswer, type TrustProxy, targetOf } from "../server/index.ts";
import { createBodyBudget } from "../transports/body-bounds.ts";
import type { RequestHandler } from "../transports/index.ts";
import { createFetchExchange, type ExchangeSettings } from "./fetch-exchange.ts";

export interface FetchSettings {
  readonly basePath: string;
  readonly trustProxy: TrustProxy;
  readonly clock: Clock;
  readonly limits: Limits;
}

/**
 * Answers every request below the base path; `404` for all others. Streams end with the request's signal, or when the reader of the
 * response's body goes away. There is no WebSocket here: a handshake is answered `426`, and clients go on to SSE.
 */
export type FetchHandler = (request: Request) => Promise<Response>;

export function createFetchHandler(handler: RequestHandler, settings: FetchSettings): FetchHandler {
  const { basePath, trustProxy, clock, limits } = settings;
  const shared: ExchangeSettings = { trustProxy, clock, limits, budget: createBodyBudget() };

  return (request) => {
    const url = new URL(request.url);
    const target = targetOf(url.pathname + url.search, basePath, handler);
    if (!target) {
      const { body, ...head } = notHereAnswer(url.pathname, basePath);
      return Promise.resolve(new Response(body as string, head));
    }
    return new Promise((resolve, reject) => {
      const exchange = createFetchExchange(request, url, target, shared, resolve);
      handler.handle(exchange).catch(reject);
    });
  };
}
