/**
 * SSE over HTTP/2 under Node, whose `fetch` speaks HTTP/1.1 alone: the transport that browsers use, over a `fetch` of ours. Stream and
 * commands of a link share one connection, as they do in browsers; the next link makes a new one, so that one that is dead is never used again.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { Readable } from "node:stream";
import type { ClientTransport, LinkFailure } from "../../client/index.node.ts";
import { sseTransport } from "../../client/transports/sse.ts";

/** `http:` URLs are spoken to by prior knowledge (RFC 9113 section 3.3). */
export const sseHttp2Transport: ClientTransport = {
  ...sseTransport,
  open(to, events) {
    const session = connectAsBrowsers(to.url);
    const over = {
      ...events,
      ended(failure: LinkFailure) {
        session.destroy();
        events.ended(failure);
      },
    };
    const link = sseTransport.open({ ...to, fetch: (url, init) => request(session, url, init) }, over);
    return {
      ...link,
      close() {
        link.close();
        session.destroy();
      },
    };
  },
};

const MIB = 1024 * 1024;

/**
 * What may be on its way to us unacknowledged, as Chromium has it (net/http/http_network_session.cc). With Node's 64 KiB a long
 * way carries 64 KiB a round trip, and that would be measured in the place of HTTP/2.
 */
const STREAM_WINDOW_BYTES = 6 * MIB;
const CONNECTION_WINDOW_BYTES = 15 * MIB;

function connectAsBrowsers(url: string): ClientHttp2Session {
  const session = connect(url, { settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES } });
  session.once("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
  session.on("error", ignore); // each request hears of it
  return session;
}

type Init = Pick<RequestInit, "method" | "body" | "signal">;

/** What the client asks of `fetch`: a POST of text, with an answer that is read as it comes. */
function request(session: ClientHttp2Session, url: string, { method = "GET", body, signal }: Init): Promise<Response> {
  const { pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    if (session.destroyed || session.closed) throw new TypeError("the connection is closed");
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: method,
      [constants.HTTP2_HEADER_PATH]: pathname + search,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: "text/plain;charset=UTF-8",
    });
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
    signal?.addEventListener("abort", cancel, { once: true });
    stream.on("close", () => {
      signal?.removeEventListener("abort", cancel);
      reject(new TypeError("the connection ended")); // does nothing once there is an answer
    });
    stream.on("error", reject);
    stream.on("response", (headers) => resolve(answerOf(stream, url, headers)));
    stream.end(body);
  });
}

/** Rejects what `Response` refuses: a status that has no body, or is none. Thrown in a listener that would end the process. */
async function answerOf(
  stream: ClientHttp2Stream,
  url: string,
  headers: Readonly<Record<string, unknown>>,
): Promise<Response> {
  const fields = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
  const answer = new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, {
    status: Number(headers[constants.HTTP2_HEADER_STATUS]),
    headers: fields.map(([name, value]) => [name, String(value)] as [string, string]),
  });
  return Object.defineProperty(answer, "url", { value: url }); // failures name the address; only fetch itself can set it
}

function ignore(): void {}
