/**
 * Who may ask: the guard against pages that a visitor did not mean to give this server to. It looks at what browsers say of
 * themselves and a page cannot change: `host`, `origin` and `sec-fetch-site`. Programs that are no browsers send the last two
 * not at all, and pass.
 */
import { EitherwayError, quote } from "../protocol/index.ts";

export interface AccessOptions {
  readonly allowedOrigins: readonly string[];
  readonly insecure: boolean;
}

/** What is asked of a request: part of `HttpExchange` and of `UpgradeExchange`. */
export interface Asking {
  readonly secure: boolean;
  header(name: string): string | undefined;
}

export interface Access {
  /**
   * @param changes whether the request can change something; a WebSocket can
   * @throws EitherwayError `host-refused` or `origin-refused`
   */
  check(request: Asking, changes: boolean): void;

  /** Headers by which a page of another, allowed origin may read the answer. None for pages of this server itself. */
  headers(request: Asking): Readonly<Record<string, string>>;

  /** Headers of the answer to a browser that asks before it sends, beside those of every answer. */
  preflight(request: Asking, methods: string): Readonly<Record<string, string>>;
}

/** Request headers that some door reads and that a page may only send where they are allowed. */
const REQUEST_HEADERS =
  "authorization, content-type, eitherway-client, eitherway-event, idempotency-key, last-event-id";

/** Response headers beside the usual ones that a page may read: when to come back. */
const RESPONSE_HEADERS = "retry-after";

/** Chromium forgets after two hours whatever is said. */
const PREFLIGHT_SECONDS = "7200";

export function createAccess({ allowedOrigins, insecure }: AccessOptions): Access {
  const everyOrigin = allowedOrigins.includes("*");
  const listed: ReadonlySet<string> = new Set(allowedOrigins);

  function isForeignButAllowed(origin: string | undefined): origin is string {
    return origin !== undefined && (everyOrigin || listed.has(origin));
  }

  function check(request: Asking, changes: boolean): void {
    const host = request.header("host");
    // A name that an attacker's DNS points at 127.0.0.1 makes his page "same origin" with us; only the name tells.
    if (!insecure && !isLoopbackHost(host)) throw hostRefused(host);
    const origin = request.header("origin");
    if (origin === undefined) {
      // Browsers that leave out Origin where it matters are old, or were tricked; they still say where a request comes from.
      if (changes && request.header("sec-fetch-site") === "cross-site") throw originRefused("(none)", request);
    } else if (!isForeignButAllowed(origin) && origin !== ownOrigin(request)) {
      throw originRefused(origin, request);
    }
  }

  function headers(request: Asking): Readonly<Record<string, string>> {
    if (allowedOrigins.length === 0) return {};
    const expose = { "access-control-expose-headers": RESPONSE_HEADERS };
    // Also where no origin came, as that of `vary`: a store must not mix the two up.
    if (everyOrigin) return { "access-control-allow-origin": "*", ...expose };
    const vary = { vary: "origin" };
    const origin = request.header("origin");
    return isForeignButAllowed(origin) ? { ...vary, "access-control-allow-origin": origin, ...expose } : vary;
  }

  function preflight(request: Asking, methods: string): Readonly<Record<string, string>> {
    if (!isForeignButAllowed(request.header("origin"))) return {};
    return {
      "access-control-allow-methods": methods,
      "access-control-allow-headers": REQUEST_HEADERS,
      "access-control-max-age": PREFLIGHT_SECONDS,
    };
  }

  return { check, headers, preflight };
}

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/i;

function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK_HOST.test(host);
}

/** The origin of pages that came from where this request went to. */
function ownOrigin(request: Asking): string {
  const host = (request.header("host") ?? "").toLowerCase();
  // Browsers leave the usual port out of both headers; other clients may not.
  return request.secure ? `https://${host.replace(/:443$/, "")}` : `http://${host.replace(/:80$/, "")}`;
}

function hostRefused(host: string | undefined): EitherwayError {
  return new EitherwayError(
    "host-refused",
    `The host ${quote(host ?? "")} is refused: without authentication this server answers to localhost, 127.0.0.1 and [::1] only. Option auth, or insecure, lifts that.`,
  );
}

function originRefused(origin: string, request: Asking): EitherwayError {
  return new EitherwayError(
    "origin-refused",
    `The origin ${quote(origin)} is not allowed at ${quote(ownOrigin(request))}; add it to option allowedOrigins, or behind a proxy with TLS set trustProxy.`,
  );
}
