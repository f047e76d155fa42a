/** Long connections that the doctor opens, each by the means of its protocol alone: what came over it, when, and when it ended. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";
import { WebSocket } from "ws";
import { createSseDecoder, jsonClientCodec } from "../../protocol/index.ts";
import { request, textOf } from "./request.ts";

export interface Line {
  /** For people: `WebSocket`, `GET …/events`, `POST …/stream`. */
  readonly name: string;
  /** Absent: it did not open. */
  readonly headers?: IncomingHttpHeaders;
  /** Why it did not open. */
  readonly refusal?: Refusal;
  /** Everything that came, in order: text of frames, or data of events with their ids. */
  readonly arrivals: readonly Arrival[];
  readonly openedAt: number;
  /** When the other side ended it, by `performance.now()`. */
  readonly endedAt?: number;
  /** Resolves when it has ended, whoever did it. */
  readonly ended: Promise<void>;
  /** Bytes other than events count as life. */
  readonly lastByteAt: number;
  /** The longest silence between two bytes, in ms. */
  readonly survivedMs: number;
  close(): void;
}

export interface Refusal {
  /** 0: nobody answered in HTTP. */
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  /** The connection stood, and nothing came within `waitedMs`. */
  readonly isMute?: boolean;
  readonly waitedMs?: number;
}

export interface Arrival {
  readonly at: number;
  readonly data: string;
  readonly event?: string;
  readonly id?: string | undefined;
}

const MS_PER_SECOND = 1_000;

type Growing = { -readonly [Key in keyof Line]: Line[Key] } & { arrivals: Arrival[] };

function emptyLine(name: string, close: () => void, ended: Promise<void>): Growing {
  const now = performance.now();
  return { name, arrivals: [], openedAt: now, lastByteAt: now, survivedMs: 0, ended, close };
}

function noteByte(line: Growing): void {
  const now = performance.now();
  line.survivedMs = Math.max(line.survivedMs, now - line.lastByteAt);
  line.lastByteAt = now;
}

/** The code of the last words of a server of ours, where it ended the line itself. */
export function byeOf({ arrivals }: Line): string | undefined {
  const last = arrivals.at(-1);
  if (!last || !(last.event === "bye" || last.data.startsWith('{"t":"bye"'))) return undefined;
  return (JSON.parse(last.data) as { readonly code?: string }).code;
}

export interface SocketOptions {
  readonly origin?: string;
  readonly protocols: readonly string[];
  /** For a server of ours: sent once it is open; then pings are answered, since whoever is silent is sent away. */
  readonly hello?: string;
  readonly timeoutMs: number;
}

const PONG = jsonClientCodec.writeClient({ t: "pong" });

/** Resolves when it is open or was refused; never rejects. */
export function openSocket(url: URL, { origin, protocols, hello, timeoutMs }: SocketOptions): Promise<Line> {
  const address = new URL(url);
  address.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(address, [...protocols], {
    ...(origin !== undefined && { origin }),
    handshakeTimeout: timeoutMs,
    rejectUnauthorized: false,
    perMessageDeflate: true, // offered as browsers do: what accepts it is seen in the answer
  });
  const ended = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  let closing = false;
  const close = (): void => {
    closing = true;
    socket.terminate();
  };
  const line = emptyLine("WebSocket", close, ended);
  let handshake: IncomingMessage | undefined;
  return new Promise((resolve) => {
    const refuse = (status: number, body: string, headers: IncomingHttpHeaders): void => {
      if (!line.headers) line.refusal ??= { status, body, headers }; // an open one that fails has an end instead
      resolve(line);
    };
    socket.on("upgrade", (message) => {
      handshake = message;
    });
    socket.on("unexpected-response", async (_, message) => {
      refuse(message.statusCode ?? 0, await textOf(message), message.headers);
      close();
    });
    socket.on("error", (error) => refuse(0, error.message, {}));
    socket.on("open", () => {
      line.headers = handshake?.headers ?? {};
      handshake?.socket.prependListener("data", () => noteByte(line)); // also pings, and frames that never end
      line.openedAt = performance.now();
      if (hello !== undefined) socket.send(hello);
      resolve(line);
    });
    socket.on("message", (data) => {
      if (hello !== undefined && String(data).startsWith('{"t":"ping"')) socket.send(PONG);
      line.arrivals.push({ at: line.lastByteAt, data: String(data) });
    });
    socket.on("close", () => {
      if (!closing) line.endedAt = performance.now();
    });
  });
}

export interface EventsOptions {
  readonly name: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** Resolves when the head is here, or it was refused; never rejects. A stream that is compressed is not read. */
export async function openEvents(
  url: URL,
  { name, method = "GET", headers, body, timeoutMs }: EventsOptions,
): Promise<Line> {
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), timeoutMs);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const line = emptyLine(name, () => abort.abort(), ended);
  try {
    const answer = await request(url, {
      method,
      headers: { accept: "text/event-stream", ...headers },
      ...(body !== undefined && { body }),
      signal: abort.signal,
    });
    clearTimeout(deadline);
    line.openedAt = performance.now();
    const isStream = answer.status === 200 && /^text\/event-stream/.test(answer.headers["content-type"] ?? "");
    if (isStream) {
      line.headers = answer.headers;
      readEvents(answer.message, line);
      answer.message.on("close", () => {
        if (!abort.signal.aborted) line.endedAt = performance.now();
        end();
      });
      return line;
    }
    line.refusal = { status: answer.status, body: await textOf(answer.message), headers: answer.headers };
  } catch (thrown) {
    const isMute = abort.signal.aborted;
    const why = isMute ? `no answer within ${timeoutMs / MS_PER_SECOND} s` : (thrown as Error).message;
    line.refusal = { status: 0, body: why, headers: {}, ...(isMute && { isMute, waitedMs: timeoutMs }) };
  }
  clearTimeout(deadline);
  end();
  return line;
}

function readEvents(message: NodeJS.ReadableStream, line: Growing): void {
  const decoder = createSseDecoder({
    onEvent: ({ data, event, id }) => line.arrivals.push({ at: line.lastByteAt, data, event, id }),
    onRetry() {},
  });
  message.on("data", (piece: Buffer) => {
    noteByte(line);
    decoder.feed(piece);
  });
}
