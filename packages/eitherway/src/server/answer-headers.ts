/** An exchange whose every answer, streams and errors too, carries some more headers. */
import type { HttpExchange } from "../core/index.ts";
import { type Abandonable, isAbandonable } from "../transports/abilities.ts";

/** The exchange itself where there is nothing to add. What the answer says itself wins. */
export function withAnswerHeaders(exchange: HttpExchange, more: Readonly<Record<string, string>>): HttpExchange {
  if (Object.keys(more).length === 0) return exchange;
  const { method, path, query, httpVersion, remote, secure } = exchange;
  const wrapped: HttpExchange = {
    ...{ method, path, query, httpVersion, remote, secure },
    header: (name) => exchange.header(name),
    body: (limit) => exchange.body(limit),
    respond: (answer) => exchange.respond({ ...answer, headers: { ...more, ...answer.headers } }),
    stream: (answer, events) => exchange.stream({ ...answer, headers: { ...more, ...answer.headers } }, events),
  };
  if (!isAbandonable(exchange)) return wrapped;
  const abandonable: Abandonable = { onAbandoned: (run) => exchange.onAbandoned(run) };
  return { ...wrapped, ...abandonable };
}
