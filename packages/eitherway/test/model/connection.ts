/** One connection of a reader to the real doors, without sockets: what arrives, and how much the reader takes. */
import type {
  ByteSink,
  HttpExchange,
  Limits,
  ResponseStream,
  UpgradedSocket,
  UpgradeExchange,
} from "../../src/core/index.ts";
import {
  type ArrivedFrame,
  binaryClientCodec,
  type ClientCodec,
  type ClientFrame,
  createSseDecoder,
  type HelloFrame,
  jsonClientCodec,
} from "../../src/protocol/index.ts";
import { createMemoryExchange, createMemorySocket, type FakeClock } from "../../src/testing/index.ts";
import type { RequestHandler } from "../../src/transports/index.ts";

export type ModelTransport = "websocket json" | "websocket binary" | "sse" | "poll";

export const MODEL_TRANSPORTS: readonly ModelTransport[] = ["websocket json", "websocket binary", "sse", "poll"];

/** The server as a connection sees it. */
export interface Doors {
  readonly handler: RequestHandler;
  readonly clock: FakeClock;
  readonly limits: Limits;
  /** What must never happen in the background. */
  failed(error: unknown): void;
}

export interface Connection {
  /** Frames that arrived since the last call, in order. */
  receive(): readonly ArrivedFrame[];
  /** Nothing more will arrive once `receive` has given the rest. */
  readonly over: boolean;
  /** The server took no link. */
  readonly refused: boolean;
  /** Only a WebSocket takes frames after its hello. */
  readonly send: ((frame: ClientFrame) => void) | undefined;
  readonly window: Window;
  /** Gone, with all that arrived and was not received. */
  cut(): void;
}

/** How much the peer takes. */
export interface Window {
  widen(bytes: number): void;
  /** Takes nothing more, from now on. */
  shut(): void;
  readonly isWide: boolean;
  /** Bytes that the server has written and the peer has not taken. */
  readonly pendingBytes: number;
  /** The largest single write. */
  readonly largestWrite: number;
}

/** A window that no run of the model fills. */
export const WIDE = 2 ** 30;

export function connect(doors: Doors, transport: ModelTransport, hello: HelloFrame, windowBytes: number): Connection {
  switch (transport) {
    case "websocket json":
      return openSocket(doors, hello, windowBytes, jsonClientCodec);
    case "websocket binary":
      return openSocket(doors, hello, windowBytes, binaryClientCodec);
    case "sse":
      return openStream(doors, hello, windowBytes);
    case "poll":
      return openPoll(doors, hello);
  }
}

/** A batch of commands as one request. `undefined` until the answer is there. */
export interface Batch {
  answer(): { readonly ok: boolean; readonly frames: readonly ArrivedFrame[] } | undefined;
  cut(): void;
}

export function sendBatch(doors: Doors, client: string, commands: readonly ClientFrame[]): Batch {
  const hello: HelloFrame = { t: "hello", client, channels: new Map() };
  const body = [hello, ...commands].map((frame) => jsonClientCodec.writeClient(frame)).join("\n");
  const request = createMemoryExchange({ method: "POST", path: "/commands", body }, doors);
  handle(doors, request.exchange);
  return {
    answer() {
      if (request.state !== "ended") return undefined;
      return { ok: request.answer?.status === 200, frames: readLines(request.readText()) };
    },
    cut: () => request.cut(),
  };
}

/** `POST /channels/<name>` with a key; the answer's status. */
export function postMessage(
  doors: Doors,
  channel: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): void {
  const path = `/channels/${encodeURIComponent(channel)}`;
  handle(doors, createMemoryExchange({ method: "POST", path, headers, body }, doors).exchange);
}

function handle({ handler, failed }: Doors, exchange: HttpExchange): void {
  handler.handle(exchange).catch(failed);
}

// --- transports ---

type Codec = ClientCodec<string | Uint8Array>;

function openSocket(doors: Doors, hello: HelloFrame, windowBytes: number, codec: Codec): Connection {
  const socket = createMemorySocket({ protocols: [codec.subprotocol] }, { ...doors, windowBytes });
  const meter = createMeter(windowBytes, (bytes) => socket.take(bytes));
  const request: UpgradeExchange = {
    ...socket.request,
    accept: (chosen) => meterSocket(meter, socket.request.accept(chosen)),
  };
  doors.handler.upgrade(request);
  const send = (frame: ClientFrame): void => socket.send(codec.writeClient(frame));
  send(hello);
  return {
    receive: () => socket.read().map((message) => codec.readServer(message)),
    get over() {
      return socket.closed !== undefined || socket.refusal !== undefined;
    },
    get refused() {
      return socket.refusal !== undefined;
    },
    send,
    window: meter,
    cut: () => socket.cut(),
  };
}

function openStream(doors: Doors, hello: HelloFrame, windowBytes: number): Connection {
  const body = jsonClientCodec.writeClient(hello);
  const request = createMemoryExchange({ method: "POST", path: "/stream", body }, { ...doors, windowBytes });
  const meter = createMeter(windowBytes, (bytes) => request.take(bytes));
  const exchange: typeof request.exchange = {
    ...request.exchange,
    stream: (answer, events) => meterStream(meter, request.exchange.stream(answer, events)),
  };
  handle(doors, exchange);
  let frames: ArrivedFrame[] = [];
  const decoder = createSseDecoder({ onEvent: ({ data }) => frames.push(jsonClientCodec.readServer(data)) });
  return {
    receive() {
      if (request.answer?.status !== 200) return [];
      decoder.feed(request.read());
      const arrived = frames;
      frames = [];
      return arrived;
    },
    get over() {
      return request.state === "ended" || request.state === "cut";
    },
    get refused() {
      return request.answer !== undefined && request.answer.status !== 200;
    },
    send: undefined,
    window: meter,
    cut: () => request.cut(),
  };
}

/** One poll. Its answer is written as a whole, so there is no window. */
function openPoll(doors: Doors, hello: HelloFrame): Connection {
  const request = createMemoryExchange(
    { method: "POST", path: "/poll", body: jsonClientCodec.writeClient(hello) },
    doors,
  );
  handle(doors, request.exchange);
  return {
    receive: () => (request.answer?.status === 200 ? readLines(request.readText()) : []),
    get over() {
      return request.state === "ended" || request.state === "cut";
    },
    get refused() {
      return request.answer !== undefined && request.answer.status !== 200;
    },
    send: undefined,
    window: NO_WINDOW,
    cut: () => request.cut(),
  };
}

function readLines(text: string): readonly ArrivedFrame[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => jsonClientCodec.readServer(line));
}

// --- windows ---

const NO_WINDOW: Window = { widen() {}, shut() {}, isWide: true, pendingBytes: 0, largestWrite: 0 };

/** Counts what the server writes, so that a window can be shut at exactly what was taken. */
interface Meter extends Window {
  attach(sink: ByteSink): void;
  wrote(bytes: number): void;
}

function createMeter(windowBytes: number, take: (bytes: number) => void): Meter {
  let sink: ByteSink | undefined;
  let given = windowBytes;
  let written = 0;
  let largest = 0;
  const pendingBytes = (): number => sink?.pendingBytes ?? 0;
  const left = (): number => given - (written - pendingBytes());

  function widen(bytes: number): void {
    if (!sink) return; // not answered yet: the window that it began with stands
    given += bytes;
    take(bytes);
  }

  return {
    attach(to) {
      sink = to;
    },
    wrote(bytes) {
      written += bytes;
      largest = Math.max(largest, bytes);
    },
    widen,
    shut: () => widen(-left()),
    get isWide() {
      return left() > WIDE / 2;
    },
    get pendingBytes() {
      return pendingBytes();
    },
    get largestWrite() {
      return largest;
    },
  };
}

function meterSocket(meter: Meter, socket: UpgradedSocket): UpgradedSocket {
  meter.attach(socket);
  return {
    ...socket,
    get pendingBytes() {
      return socket.pendingBytes;
    },
    write(bytes) {
      meter.wrote(bytes.length);
      return socket.write(bytes);
    },
  };
}

function meterStream(meter: Meter, stream: ResponseStream): ResponseStream {
  meter.attach(stream);
  return {
    ...stream,
    get pendingBytes() {
      return stream.pendingBytes;
    },
    write(bytes) {
      meter.wrote(bytes.length);
      return stream.write(bytes);
    },
  };
}
