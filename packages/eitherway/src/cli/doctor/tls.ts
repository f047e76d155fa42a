/** What a server does before HTTP: whether browsers trust its certificate, whether it offers HTTP/2, and whether what it answers there is legal. */
import { connect as connectHttp2 } from "node:http2";
import { isIP } from "node:net";
import { connect as connectTls } from "node:tls";

export interface TlsAnswer {
  /** Why browsers do not trust the certificate, as OpenSSL names it: `CERT_HAS_EXPIRED`. */
  readonly distrust?: string;
  readonly offersHttp2: boolean;
  /** What is wrong with an event stream over HTTP/2. */
  readonly http2Failure?: string;
}

/** Resolves with `undefined` where there is no handshake in time; whoever asks for more hears why. */
export async function askTls(url: URL, timeoutMs: number): Promise<TlsAnswer | undefined> {
  const handshake = await shakeHands(url, timeoutMs);
  if (!handshake) return undefined;
  const { protocol, distrust } = handshake;
  const http2Failure = protocol === "h2" ? await failureOverHttp2(url, timeoutMs) : undefined;
  return {
    ...(distrust !== undefined && { distrust }),
    offersHttp2: protocol === "h2",
    ...(http2Failure !== undefined && { http2Failure }),
  };
}

/** Why browsers do not trust the certificate; `undefined`: they do, or there is no handshake. */
export async function askDistrust(url: URL, timeoutMs: number): Promise<string | undefined> {
  return (await shakeHands(url, timeoutMs))?.distrust;
}

const HTTP_OK = 200;
const MS_PER_SECOND = 1_000;

async function failureOverHttp2(url: URL, timeoutMs: number): Promise<string | undefined> {
  const session = connectHttp2(url.origin, { rejectUnauthorized: false });
  try {
    return await new Promise((resolve) => {
      const fail = ({ message }: Error): void => resolve(message);
      session.on("error", fail);
      const stream = session.request({ ":path": url.pathname + url.search, accept: "text/event-stream" });
      stream.setTimeout(timeoutMs, () => resolve(`no answer within ${timeoutMs / MS_PER_SECOND} s`));
      stream.on("error", fail);
      stream.on("response", ({ ":status": status }) =>
        resolve(status === HTTP_OK ? undefined : `the answer is ${status}`),
      );
    });
  } finally {
    session.destroy();
  }
}

interface Handshake {
  readonly protocol: string | false | null;
  readonly distrust?: string;
}

function shakeHands({ hostname, port }: URL, timeoutMs: number): Promise<Handshake | undefined> {
  const host = hostname.replace(/^\[|\]$/g, ""); // of an IPv6 address
  return new Promise((resolve) => {
    const socket = connectTls(
      {
        host,
        port: Number(port || DEFAULT_PORT),
        ...(isIP(host) === 0 && { servername: host }),
        ALPNProtocols: ["h2", "http/1.1"],
        rejectUnauthorized: false,
      },
      () => {
        const distrust: unknown = socket.authorizationError; // a code, though the types say an Error
        resolve({ protocol: socket.alpnProtocol, ...(distrust ? { distrust: String(distrust) } : {}) });
        socket.destroy();
      },
    );
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(undefined));
  });
}

const DEFAULT_PORT = 443;
