/** The network below the client's transports: `fetch` and sockets whose other end the test plays. */
import { vi } from "vitest";
import type { ChannelSink, Destination, Greeting, LinkEvents } from "../../src/client/transport.ts";
import type { Socket } from "../../src/client/transports/websocket.ts";
import {
  type ArrivedFrame,
  type Cursors,
  jsonClientCodec,
  jsonServerCodec,
  pollFraming,
  type ServerFrame,
} from "../../src/protocol/index.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/index.ts";

export interface FakeRequest {
  /** The last segment of the path. */
  readonly door: string;
  readonly body: string;
  readonly aborted: boolean;
  /** Answers with frames, one a line. */
  lines(...frames: ServerFrame[]): void;
  answer(body: string | null, init?: ResponseInit): void;
  /** Answers with an event stream that stays open. */
  stream(): FakeStream;
  fail(message: string): void;
}

export interface FakeStream {
  send(...frames: ServerFrame[]): void;
  bytes(text: string): void;
  end(): void;
}

/** Replaces `fetch` until the test is over; `onRequest` plays every server. */
export function stubFetch(onRequest: (request: FakeRequest) => unknown = () => {}): FakeRequest[] {
  const requests: FakeRequest[] = [];
  const fake = (url: string, { body, signal }: { body: string; signal: AbortSignal }): Promise<Response> =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      const request: FakeRequest = {
        door: url.slice(url.lastIndexOf("/") + 1),
        body,
        get aborted() {
          return signal.aborted;
        },
        lines: (...frames) => request.answer(frames.map(lineOf).join("")),
        answer: (text, init) => resolve(new Response(text, init)),
        stream() {
          let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
          const readable = new ReadableStream<Uint8Array>({
            start(created) {
              controller = created;
            },
          });
          signal.addEventListener("abort", () => controller?.error(new Error("aborted")));
          resolve(new Response(readable, { headers: { "content-type": "text/event-stream; charset=utf-8" } }));
          const bytes = (text: string): void => controller?.enqueue(new TextEncoder().encode(text));
          return {
            bytes,
            send: (...frames) => bytes(frames.map((frame) => `data: ${lineOf(frame)}\n`).join("")),
            end: () => controller?.close(),
          };
        },
        fail: (message) => reject(new TypeError("fetch failed", { cause: new Error(message) })),
      };
      requests.push(request);
      onRequest(request);
    });
  vi.stubGlobal("fetch", fake);
  return requests;
}

function lineOf(frame: ServerFrame): string {
  return new TextDecoder().decode(pollFraming.frame(frame));
}

/** A socket whose server is the test. */
export class FakeSocket implements Socket {
  static readonly made: FakeSocket[] = [];
  binaryType = "blob";
  bufferedAmount = 0;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onerror: Socket["onerror"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: (string | Uint8Array)[] = [];
  closedWith: number | undefined;
  readonly url: string;
  readonly protocols: string[];

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.made.push(this);
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(code: number): void {
    this.closedWith = code;
  }

  say(frame: ServerFrame): void {
    this.onmessage?.({ data: new TextDecoder().decode(jsonServerCodec.frame(frame)) });
  }
}

/** The client above a transport: what it asks for is set by the test, what it hears is written down. */
export interface FakeClient {
  readonly clock: FakeClock;
  readonly to: Destination;
  readonly events: LinkEvents;
  /** `live a`, `ok k`, `returned k1,k2 why`, `ended why`; a channel's frame goes to its own sink as `a: live a`. */
  readonly log: string[];
  channels: Map<string, string>;
  /** Signs of life. */
  alive: number;
  settled: boolean;
  /** Greetings are out of date. */
  stale: boolean;
  /** The greeting of some channels. */
  greeting(channels: Record<string, string>): Greeting;
}

export function createFakeClient(options: Partial<Destination> = {}): FakeClient {
  const clock = createFakeClock();
  const log: string[] = [];
  const sinks = new Map<string, ChannelSink>();
  const greet = (channels: Cursors): Greeting => {
    const routes = new Map<string, ChannelSink>();
    for (const name of channels.keys()) {
      const sink = sinks.get(name) ?? { live: false, take: () => {}, fail: () => {}, retake: () => {} };
      sinks.set(name, sink);
      routes.set(name, sink);
    }
    return { channels: new Map(channels), routes, settled: client.settled, isStale: () => client.stale };
  };
  const client: FakeClient = {
    clock,
    log,
    channels: new Map(),
    alive: 0,
    settled: false,
    stale: false,
    to: {
      url: "http://server/eitherway",
      framing: jsonClientCodec,
      streamChange: "break-first",
      clock,
      who: { client: "c1" },
      greet: () => greet(client.channels),
      ...options,
    },
    events: {
      alive() {
        client.alive++;
      },
      frame(frame, routes) {
        const channel = "channel" in frame ? frame.channel : undefined;
        log.push(`${briefFrame(frame)}${channel !== undefined && !routes.has(channel) ? " unrouted" : ""}`);
      },
      returned(commands, failure) {
        const keys = commands.map(({ frame }) => frame.key).join(",");
        if (keys) log.push(`returned ${keys}${failure ? ` ${failure.code ?? failure.message}` : ""}`);
      },
      ended: ({ code, message, after }) => log.push(`ended ${code ?? message}${after ? ` after ${after}` : ""}`),
    },
    greeting: (channels) => greet(new Map(Object.entries(channels))),
  };
  return client;
}

function briefFrame(frame: ArrivedFrame): string {
  if ("channel" in frame && frame.channel !== undefined) return `${frame.t} ${frame.channel}`;
  return "key" in frame && frame.key !== undefined ? `${frame.t} ${frame.key}` : frame.t;
}
