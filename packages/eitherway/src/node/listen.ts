/** The standalone server: a port of its own, from the first connection to the last. */
import type { Server } from "node:http";
import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { LONGEST_TIMER_MS } from "../fetch/host-clock.ts";
import { EitherwayError, quote } from "../protocol/index.ts";
import { createNodeServer, type NodeServerOptions } from "./node-server.ts";

export interface ListenOptions {
  /** Default: 8000. 0: any free one. */
  readonly port?: number | undefined;
  /** Address or name of this machine to listen on. Default: `127.0.0.1`. Others need the option `auth`, or `insecure`. */
  readonly host?: string | undefined;
  /** PEM texts. With TLS also HTTP/2 is spoken. */
  readonly tls?: NodeServerOptions["tls"] | undefined;
}

/** What of the server's own options is said here as well. */
export interface ListenRules {
  /** Others than this machine may come. */
  readonly open: boolean;
  /** `limits.bodyMs` */
  readonly bodyMs: number;
}

export interface Listening {
  readonly port: number;
  /** `http://127.0.0.1:8000`, without a base path. */
  readonly origin: string;
  /** Takes no new connection. What is open lives on. */
  stop(): void;
  /** Waits for running answers, then cuts what is left. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 8000;
const DEFAULT_HOST = "127.0.0.1";
const MAX_PORT = 65_535;
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** "Every address of this machine" is none that a client can ask. */
const REACHABLE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1", "": "localhost" };

/** Milliseconds for answers that are on their way when everything else is over. */
const LAST_ANSWERS_MS = 1_000;

const IDLE_CHECK_MS = 20;

/** Node's own deadline of a whole request is behind that of its body: for the head, and for the answer that says what was too slow. */
const BESIDE_BODY_MS = 40_000;

/**
 * @param prepare attaches handlers, before the first connection can come
 * @throws EitherwayError `bad-request` for options; `unavailable` for a port that is taken or may not be used
 */
export async function listen(
  options: ListenOptions,
  { open, bodyMs }: ListenRules,
  prepare: (server: Server | Http2SecureServer) => void,
): Promise<Listening> {
  const { port = DEFAULT_PORT, host = DEFAULT_HOST, tls } = options;
  checkPort(port);
  if (!open && !LOOPBACK.has(host)) throw openToOthers(host);
  const server = createServer(tls, Math.min(bodyMs + BESIDE_BODY_MS, LONGEST_TIMER_MS));
  prepare(server);
  const connections = trackConnections(server);
  await bind(server, port, host);
  const bound = server.address() as AddressInfo;
  return {
    port: bound.port,
    origin: originOf({ ...options, port: bound.port }),
    stop() {
      if (server.listening) server.close();
    },
    async close() {
      if (server.listening) server.close();
      await connections.end(LAST_ANSWERS_MS);
    },
  };
}

/** `http://127.0.0.1:8000` of a server that was told to listen so. */
export function originOf({ port = DEFAULT_PORT, host = DEFAULT_HOST, tls }: ListenOptions): string {
  const reachable = REACHABLE[host] ?? host;
  const name = reachable.includes(":") ? `[${reachable}]` : reachable;
  return `${tls ? "https" : "http"}://${name}:${port}`;
}

function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return;
  throw new EitherwayError(
    "bad-request",
    `The port is ${quote(String(port))}; give a whole number from 0 (any free port) to ${MAX_PORT}.`,
  );
}

function openToOthers(host: string): EitherwayError {
  return new EitherwayError(
    "bad-request",
    `Host ${quote(host)} can be reached from other machines; give the option auth, listen on 127.0.0.1, or set insecure to let everybody read and write.`,
  );
}

function createServer(tls: NodeServerOptions["tls"], requestMs: number): Server | Http2SecureServer {
  try {
    return createNodeServer(tls ? { tls, requestMs } : { requestMs });
  } catch (cause) {
    throw new EitherwayError(
      "bad-request",
      `The TLS certificate or key cannot be used (${String((cause as Error).message)}); give both in PEM form.`,
      { cause },
    );
  }
}

const WHY_NOT: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken; end what runs there, or choose another one (0: any free port)",
  EACCES: "may not be used by this user; choose one above 1023",
  EADDRNOTAVAIL: "cannot be used: this machine does not have that address",
  ENOTFOUND: "cannot be used: there is no such host name",
};

function bind(server: Server | Http2SecureServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const why = WHY_NOT[cause.code ?? ""] ?? `cannot be used (${cause.message})`;
      reject(new EitherwayError("unavailable", `Port ${port} on ${host} ${why}.`, { cause }));
    };
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

interface Connections {
  /** Resolves when all are gone; after `ms` those that are left are cut. */
  end(ms: number): Promise<void>;
}

/** Node's servers forget their connections once they are upgraded or speak HTTP/2; somebody has to end them. */
function trackConnections(server: Server | Http2SecureServer): Connections {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let onEmpty = (): void => {};
  /** One function for all: `once` and a closure would be 250 bytes a connection. */
  function forget(this: Socket): void {
    sockets.delete(this);
    if (sockets.size === 0) onEmpty();
  }
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", forget);
  });
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return {
    end(ms) {
      return new Promise((resolve) => {
        if (sockets.size === 0) {
          resolve();
          return;
        }
        // Those between two requests or before the first one, and HTTP/2 without streams, have nothing to wait for; others become so by and by.
        const closeIdle = (): void => {
          if ("closeIdleConnections" in server) server.closeIdleConnections();
          for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy(); // to Node one before its first request is busy
        };
        for (const session of sessions) session.close();
        const again = setInterval(closeIdle, IDLE_CHECK_MS);
        const cut = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, ms);
        onEmpty = () => {
          clearInterval(again);
          clearTimeout(cut);
          resolve();
        };
      });
    },
  };
}
