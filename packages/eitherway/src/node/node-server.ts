/** A Node server for the standalone case: HTTP/1.1, or with TLS also HTTP/2, with every wait bounded. */
import { createServer, type Server } from "node:http";
import { createSecureServer, type Http2SecureServer } from "node:http2";

export interface NodeServerOptions {
  /** PEM texts. With TLS browsers speak HTTP/2: about 100 streams over one connection instead of 6 connections. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Milliseconds for the head of a request. Beyond: 408 and the connection closed. Default: 15 s. */
  readonly headersMs?: number;
  /** Milliseconds for a whole request. Beyond: as above. Default: 60 s, well above the default of `limits.bodyMs`, which names the reason. */
  readonly requestMs?: number;
  /** Milliseconds between looks at the two above. Default: 5 s. */
  readonly checkMs?: number;
  /** Milliseconds that an HTTP/2 connection may be without any traffic. Default: 60 s; open streams ping more often. */
  readonly idleMs?: number;
}

const HEADERS_MS = 15_000;
const REQUEST_MS = 60_000;
const CHECK_MS = 5_000;
const IDLE_MS = 60_000;
const TLS_HANDSHAKE_MS = 10_000;

/** Above the 60 s of common load balancers: they close an idle connection, not we while their next request is on its way. */
const KEEP_ALIVE_MS = 65_000;

/** The events door may name 32 channels of 200 bytes in its URL, percent-encoded. */
const MAX_HEADER_BYTES = 32 * 1024;

/** One capped run: a link is full when the kernel lags behind by that much, not by Node's 16 KiB. */
const HIGH_WATER_BYTES = 64 * 1024;

/** Browsers open about 100 at most. */
const HTTP2_STREAMS = 250;

/** Creates the server without listening. It has no request listener yet: see `attach`. */
export function createNodeServer(options: NodeServerOptions = {}): Server | Http2SecureServer {
  const { tls, headersMs = HEADERS_MS, requestMs = REQUEST_MS, checkMs = CHECK_MS, idleMs = IDLE_MS } = options;
  const timeouts = { headersTimeout: headersMs, requestTimeout: requestMs, keepAliveTimeout: KEEP_ALIVE_MS };
  if (!tls) {
    return createServer({
      ...timeouts,
      connectionsCheckingInterval: checkMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      highWaterMark: HIGH_WATER_BYTES,
      noDelay: true,
    });
  }
  const server = createSecureServer({
    cert: tls.cert,
    key: tls.key,
    allowHTTP1: true, // WebSockets stay on HTTP/1.1
    handshakeTimeout: TLS_HANDSHAKE_MS,
    maxHeaderListPairs: 128,
    noDelay: true,
    settings: {
      enableConnectProtocol: false, // a WebSocket over HTTP/2 would meet no one here
      maxConcurrentStreams: HTTP2_STREAMS,
      maxHeaderListSize: MAX_HEADER_BYTES,
    },
  });
  // For HTTP/1.1. Not options of this server; Node reads them as properties, the interval when it begins to listen.
  Object.assign(server, timeouts, { connectionsCheckingInterval: checkMs, maxHeaderSize: MAX_HEADER_BYTES });
  server.on("session", (session) => {
    // Lets running requests finish, takes no new ones, and ends a connection that never gets to its first.
    session.setTimeout(idleMs, () => session.close());
  });
  return server;
}
