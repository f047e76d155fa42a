/**
 * `POST /tickets`: a bearer token in, a cookie out, so that an `EventSource`, which can send no header, need not put a token into its URL
 * (S14). The cookie is read by `/events` alone, and nothing can be changed there; scripts cannot read it, and other sites not send it.
 */
import type { HttpExchange, Hub, Identity } from "../core/index.ts";
import { EitherwayError, quote } from "../protocol/index.ts";
import { bearerOf, decodePercent, identify } from "./requests.ts";

const NAME = "eitherway-ticket";

/** Without a path it goes to what lies beside this door, which is where `/events` is. */
const ATTRIBUTES = "HttpOnly; Secure; SameSite=Strict";

/** Browsers keep no longer ones. */
const MOST_COOKIE_BYTES = 4_096;

const MS_PER_SECOND = 1_000;

/** The cookie ends with the token, and is as good as that: what is revoked is revoked. */
export async function serveTicket(hub: Hub, exchange: HttpExchange): Promise<void> {
  const token = bearerOf(exchange);
  const { rights } = await identify(hub, exchange, "ticket", token);
  if (!rights || token === undefined) throw noToken();
  const { expiresAt } = rights;
  const life = expiresAt === undefined ? "" : `; Max-Age=${Math.floor((expiresAt - hub.clock.wall()) / MS_PER_SECOND)}`;
  const cookie = `${NAME}=${encodeURIComponent(token)}; ${ATTRIBUTES}${life}`;
  if (cookie.length > MOST_COOKIE_BYTES) throw tooLong(cookie.length);
  exchange.respond({ status: 204, headers: { "set-cookie": cookie, "cache-control": "no-store" } });
}

/** The browser forgets it. */
export async function serveTicketEnd(_hub: Hub, exchange: HttpExchange): Promise<void> {
  const cookie = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;
  exchange.respond({ status: 204, headers: { "set-cookie": cookie, "cache-control": "no-store" } });
}

/**
 * Who opens an event stream: by the header, or by a ticket where a page of this server itself asks.
 *
 * Throws, or rejects with, what `hub.identify` does, and `origin-refused` for a ticket from anywhere else.
 */
export function identifyReader(hub: Hub, exchange: HttpExchange, client: string): Identity | Promise<Identity> {
  const ticket = bearerOf(exchange) === undefined ? ticketOf(exchange) : undefined;
  if (ticket === undefined) return identify(hub, exchange, client);
  const site = exchange.header("sec-fetch-site");
  // Browsers say it and pages cannot; it is the second guard beside SameSite, which old ones do not know.
  if (site !== "same-origin") throw foreignTicket(site);
  return identify(hub, exchange, client, ticket);
}

function ticketOf(exchange: HttpExchange): string | undefined {
  const pair = (exchange.header("cookie") ?? "")
    .split(";")
    .map((text) => text.trim())
    .find((text) => text.startsWith(`${NAME}=`));
  return pair && decodePercent(pair.slice(NAME.length + 1));
}

function noToken(): EitherwayError {
  return new EitherwayError(
    "unauthorized",
    "A ticket is had for a token that this server asks for; send it as authorization: Bearer ….",
  );
}

function tooLong(bytes: number): EitherwayError {
  return new EitherwayError(
    "too-large",
    `The ticket would have ${bytes} bytes and browsers keep ${MOST_COOKIE_BYTES}; use a shorter token, or the client.`,
  );
}

function foreignTicket(site: string | undefined): EitherwayError {
  return new EitherwayError(
    "origin-refused",
    `A ticket is for pages of this server itself, and this request says sec-fetch-site ${quote(site ?? "")}; send the token in a header.`,
  );
}
