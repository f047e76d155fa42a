/** All doors over a real hub, a real broker and a real server, and readers of what they answer. */
import { once } from "node:events";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import {
  type Authority,
  type Broker,
  type CallHandlers,
  type Clock,
  createHub,
  createMemoryBroker,
  DEFAULT_LIMITS,
  type HttpExchange,
  type Hub,
  type Limits,
  type Retention,
  type Rules,
  type UpgradeExchange,
} from "../../src/core/index.ts";
import { createNodeClock, type NodeServer } from "../../src/node/index.ts";
import {
  type ArrivedFrame,
  EitherwayError,
  jsonClientCodec,
  jsonPayload,
  SUBPROTOCOLS,
  textPayload,
  toEitherwayError,
} from "../../src/protocol/index.ts";
import { errorAnswer } from "../../src/transports/answers.ts";
import {
  answerErrors,
  serveCommands,
  serveEvents,
  serveHistory,
  servePoll,
  servePublish,
  serveStream,
  serveWebSocket,
} from "../../src/transports/index.ts";
import { type StartOptions, start } from "../node/support.ts";
import { witnessed } from "../support/witness.ts";

export interface Doors {
  readonly hub: Hub;
  readonly server: NodeServer;
  readonly port: number;
  /** `http://127.0.0.1:…/eitherway`, or https. */
  readonly url: string;
  /** What was logged as an error. */
  readonly errors: string[];
  /** Lets time pass for the hub; what is due happens within a tick of real time. */
  skip(ms: number): void;
  /** Appends text messages, one publish each, and returns their ids. */
  publish(channel: string, ...texts: string[]): Promise<string[]>;
}

export interface DoorsOptions extends Omit<StartOptions, "limits"> {
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  readonly pingMs?: number;
  readonly calls?: CallHandlers;
  readonly rules?: Rules;
  /** Everybody who comes is this user. Default: nobody is asked who he is. */
  readonly user?: string;
  /** Makes waits below 100 ms that many times longer, so that a test reliably does something within them. */
  readonly stretch?: number;
  /** Subscribing waits for this, as with a broker that is slow to answer. */
  readonly beforeWatch?: () => Promise<void>;
}

export async function startDoors(options: DoorsOptions = {}): Promise<Doors> {
  const { limits: someLimits, retention, pingMs, calls, rules, user, stretch = 1, beforeWatch, ...server } = options;
  const limits = { ...DEFAULT_LIMITS, ...someLimits };
  const clock = skippable(createNodeClock(), stretch);
  const errors: string[] = [];
  const logger = witnessed({
    error: (event: string, fields?: unknown) => errors.push(`${event} ${JSON.stringify(fields)}`),
  });
  const memory = createMemoryBroker({ clock, random: Math.random, limits, ...(retention && { retention }) });
  const broker: Broker = {
    ...memory,
    async watch(channel, sink) {
      await beforeWatch?.();
      return memory.watch(channel, sink);
    },
  };
  const hub = createHub({
    broker,
    clock,
    random: Math.random,
    logger,
    limits,
    calls,
    rules,
    ...(pingMs !== undefined && { pingMs }),
    ...(user !== undefined && { authority: everybodyIs(user) }),
  });
  const running = await start(
    {
      handle: (exchange) => answerErrors(exchange, logger, () => route(hub, exchange)),
      upgrade: (request) => upgrade(hub, request),
    },
    { ...server, limits, logger },
  );
  onTestFinished(async () => {
    await hub.close("drain", "The test is over.", 0);
    await broker.close();
  });
  return {
    hub,
    server: running.server,
    port: running.port,
    url: `${server.tls ? "https" : "http"}://127.0.0.1:${running.port}/eitherway`,
    errors,
    skip: clock.skip,
    async publish(channel, ...texts) {
      const ids: string[] = [];
      for (const text of texts) {
        const [receipt] = await hub.publish(channel, [{ event: "message", payload: textPayload(text) }]);
        if (!receipt?.ok) throw receipt?.error ?? new Error("no receipt");
        ids.push(receipt.id ?? "volatile");
      }
      return ids;
    },
  };
}

function everybodyIs(user: string): Authority {
  return { isAsked: true, identify: async ({ client }) => ({ client, user }), forget() {} };
}

function upgrade(hub: Hub, request: UpgradeExchange): void {
  try {
    serveWebSocket(hub, request);
  } catch (thrown) {
    request.refuse(errorAnswer(toEitherwayError(thrown)));
  }
}

async function route(hub: Hub, exchange: HttpExchange): Promise<void> {
  switch (`${exchange.method} ${exchange.path}`) {
    case "POST /stream":
      return serveStream(hub, exchange);
    case "POST /poll":
      return servePoll(hub, exchange);
    case "POST /commands":
      return serveCommands(hub, exchange);
    case "GET /events":
      return serveEvents(hub, exchange);
  }
  if (exchange.path.startsWith("/channels/")) {
    return exchange.method === "POST" ? servePublish(hub, exchange) : serveHistory(hub, exchange);
  }
  throw new EitherwayError("not-found", "There is no such door.");
}

const SHORT_MS = 100;

/** Real time, with leaps: deadlines of minutes are due at once, and all else runs as it does in production. */
function skippable(clock: Clock, stretch: number): Clock & { skip(ms: number): void } {
  let ahead = 0;
  return {
    ...clock,
    now: () => clock.now() + ahead,
    after: (ms, run) => clock.after(ms < SHORT_MS ? ms * stretch : ms, run),
    skip(ms) {
      ahead += ms;
    },
  };
}

// --- frames ---

export function helloText(channels: Record<string, string>, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ t: "hello", v: 1, client: "c1", channels, ...more });
}

export function publishText(key: string, channel: string, data: unknown): string {
  return jsonClientCodec.writeClient({ t: "publish", key, channel, event: "message", payload: jsonPayload(data) });
}

/** A frame in few words, for comparing sequences: `live a`, `messages a one,two`, `bye drain`. */
export function brief(frame: ArrivedFrame): string {
  switch (frame.t) {
    case "messages":
      return `messages ${frame.channel} ${frame.messages.map((message) => String(message.data)).join(",")}`;
    case "live":
      return `live ${frame.channel}`;
    case "gap":
      return `gap ${frame.channel} ${frame.why}`;
    case "error":
      return `error ${frame.code}`;
    case "ok":
    case "running":
      return `${frame.t} ${frame.key}`;
    case "bye":
      return `bye ${frame.code}`;
    default:
      return frame.t;
  }
}

// --- event streams ---

export interface EventReader {
  readonly response: Response;
  /** Bytes as they came. */
  text(): string;
  /** The next dispatched event. Rejects when the stream ends before. */
  next(): Promise<EventSourceMessage>;
  /** Resolves with all that was not taken by `next` when the stream has ended. */
  rest(): Promise<EventSourceMessage[]>;
  readonly ended: boolean;
  /** The last id that a browser would send when it reconnects. */
  lastEventId(): string | undefined;
  cancel(): void;
}

/** Opens an event stream. A refusal has `response.ok` false and no events. */
export async function openEvents(url: string, init: RequestInit = {}): Promise<EventReader> {
  const abort = new AbortController();
  const response = await fetch(url, { ...init, signal: abort.signal });
  onTestFinished(() => abort.abort());
  const queue: EventSourceMessage[] = [];
  let text = "";
  let ended = false;
  let wake = (): void => {};
  const parser = createParser({ onEvent: (event) => queue.push(event) });
  const lastIdOf = (): string | undefined => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1];

  const pump = async (): Promise<void> => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        const piece = decoder.decode(chunk, { stream: true });
        text += piece;
        parser.feed(piece);
        wake();
      }
    } catch {
      // cut off: what came counts
    }
    ended = true;
    wake();
  };
  if (response.ok) void pump();

  const until = async (look: () => boolean): Promise<void> => {
    while (!look()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    response,
    text: () => text,
    async next() {
      await until(() => queue.length > 0 || ended);
      const event = queue.shift();
      if (!event) throw new Error(`the stream ended; it said: ${JSON.stringify(text.slice(-1000))}`);
      return event;
    },
    async rest() {
      await until(() => ended);
      return queue.splice(0);
    },
    get ended() {
      return ended;
    },
    lastEventId: lastIdOf,
    cancel: () => abort.abort(),
  };
}

/** `POST /stream` with a hello. */
export function openStream(doors: Doors, channels: Record<string, string>): Promise<EventReader> {
  return openEvents(`${doors.url}/stream`, { method: "POST", body: helloText(channels) });
}

export function frameOf(event: EventSourceMessage): ArrivedFrame {
  return jsonClientCodec.readServer(event.data);
}

/** The next frame that is not `ping`, briefly. */
export async function nextFrame(reader: EventReader): Promise<string> {
  return brief(frameOf(await reader.next()));
}

// --- polls and commands ---

export interface Lines {
  readonly status: number;
  readonly headers: Headers;
  readonly frames: readonly ArrivedFrame[];
  readonly brief: readonly string[];
  /** The error of a refusal. */
  readonly error: { readonly code: string; readonly message: string; readonly retry: boolean } | undefined;
}

export async function post(url: string, body: string | Uint8Array, init: RequestInit = {}): Promise<Lines> {
  const response = await fetch(url, { method: "POST", body: body as BodyInit, ...init });
  const text = await response.text();
  const lines = response.ok ? text.split("\n").filter((line) => line !== "") : [];
  const frames = lines.map((line) => jsonClientCodec.readServer(line));
  return {
    status: response.status,
    headers: response.headers,
    frames,
    brief: frames.map(brief),
    error: response.ok ? undefined : JSON.parse(text).error,
  };
}

// --- WebSockets ---

export interface SocketReader {
  readonly webSocket: WebSocket;
  send(text: string | Uint8Array): void;
  /** The next frame, briefly. Rejects when the socket closes before. */
  next(): Promise<string>;
  nextFrame(): Promise<ArrivedFrame>;
  /** Resolves with number and reason, `4000 drain`. */
  closed(): Promise<string>;
}

/** Opens a WebSocket that speaks JSON. */
export async function openSocket(doors: Doors, protocols: string[] = [SUBPROTOCOLS.json]): Promise<SocketReader> {
  const webSocket = new WebSocket(doors.url.replace("http", "ws"), protocols, { rejectUnauthorized: false });
  onTestFinished(() => webSocket.terminate());
  const queue: ArrivedFrame[] = [];
  let close: string | undefined;
  let wake = (): void => {};
  webSocket.on("message", (data) => {
    queue.push(jsonClientCodec.readServer(String(data)));
    wake();
  });
  webSocket.on("error", () => {});
  webSocket.on("close", (code, reason) => {
    close = `${code} ${reason}`;
    wake();
  });
  await once(webSocket, "open");
  const until = async (look: () => boolean): Promise<void> => {
    while (!look()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const nextFrame = async (): Promise<ArrivedFrame> => {
    await until(() => queue.length > 0 || close !== undefined);
    const frame = queue.shift();
    if (!frame) throw new Error(`the socket closed: ${close}`);
    return frame;
  };
  return {
    webSocket,
    send: (text) => webSocket.send(text),
    nextFrame,
    next: async () => brief(await nextFrame()),
    async closed() {
      await until(() => close !== undefined);
      return close as string;
    },
  };
}

export { eventually } from "../node/support.ts";
