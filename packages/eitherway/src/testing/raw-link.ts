/**
 * A link as the protocol describes it, without the client: so that no defect of the client hides one of the server. All
 * dialects look alike from here; what a request or a close refuses arrives as a `bye` frame.
 */
import { WebSocket } from "ws";
import {
  type AnnounceFrame,
  type ArrivedFrame,
  type ClientFrame,
  type CommandFrame,
  type Cursor,
  createSseDecoder,
  formatId,
  type HelloFrame,
  jsonClientCodec,
} from "../protocol/index.ts";
import type { Dialect } from "./dialects.ts";

export interface RawHello {
  readonly client?: string;
  readonly channels?: Readonly<Record<string, Cursor>>;
}

type FrameKind = ArrivedFrame["t"];

export interface RawLink {
  /** The next frame, or the next one of a kind; those passed over stay for later. Rejects when the link ends before. */
  next<K extends FrameKind>(kind: K): Promise<Extract<ArrivedFrame, { t: K }>>;
  next(): Promise<ArrivedFrame>;
  /** Over the link itself, or by a request of its own where the link has no way up. Answers arrive as frames. */
  publish(...commands: readonly (CommandFrame | AnnounceFrame)[]): void;
  /** Sends whatever this is as the next frame of the client; bytes only where frames are bytes. */
  sendRaw(wire: string | Uint8Array): void;
  close(): void;
}

const DEFAULT_CLIENT = "raw";

/** Seconds that a poll waits for news. */
const WAIT_SECONDS = 20;

export function openRawLink(
  url: string,
  dialect: Dialect,
  { client = DEFAULT_CLIENT, channels = {} }: RawHello,
): RawLink {
  const hello: HelloFrame = { t: "hello", client, channels: new Map(Object.entries(channels)) };
  const inbox = createInbox();
  switch (dialect.transport) {
    case "websocket":
      return openWebSocket(url, dialect, hello, inbox);
    case "sse":
      return { ...openRequests(url, hello, inbox, readStream), next: inbox.next };
    case "poll":
      return { ...openRequests(url, hello, inbox, pollOnAndOn), next: inbox.next };
  }
}

// --- frames that have come ---

interface Inbox {
  push(frame: ArrivedFrame): void;
  end(why: string): void;
  readonly next: RawLink["next"];
}

function createInbox(): Inbox {
  const frames: ArrivedFrame[] = [];
  let ended: string | undefined;
  let wake = (): void => {};

  async function next(kind?: FrameKind): Promise<ArrivedFrame> {
    for (;;) {
      const at = frames.findIndex(({ t }) => kind === undefined || t === kind);
      const [frame] = at < 0 ? [] : frames.splice(at, 1);
      if (frame) return frame;
      if (ended !== undefined) throw new Error(`the link ended (${ended}) before a frame ${kind ?? ""} came`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  return {
    push(frame) {
      if (frame.t === "ping") return; // a matter of time, not of a test
      frames.push(frame);
      wake();
    },
    end(why) {
      ended ??= why;
      wake();
    },
    next: next as RawLink["next"],
  };
}

// --- websocket ---

function openWebSocket(url: string, { framing }: Dialect, hello: HelloFrame, inbox: Inbox): RawLink {
  const socket = new WebSocket(url.replace(/^http/, "ws"), [framing.subprotocol]);
  const waiting: (string | Uint8Array)[] = [];
  const send = (wire: string | Uint8Array): void => {
    if (socket.readyState === WebSocket.CONNECTING) waiting.push(wire);
    else socket.send(wire);
  };
  const write = (frame: ClientFrame): void => send(framing.writeClient(frame));

  write(hello);
  socket.on("open", () => {
    for (const wire of waiting.splice(0)) socket.send(wire);
  });
  socket.on("message", (data: Buffer, isBinary) => {
    const frame = framing.readServer(isBinary ? data : data.toString());
    if (frame.t === "ping") write({ t: "pong" });
    inbox.push(frame);
  });
  socket.on("error", (error) => inbox.end(error.message));
  socket.on("close", (number, reason) => inbox.end(`${number} ${reason.toString()}`));
  return {
    next: inbox.next,
    publish: (...commands) => commands.forEach(write),
    sendRaw: send,
    close: () => socket.terminate(),
  };
}

// --- requests ---

type Reading = (url: string, hello: HelloFrame, inbox: Inbox, signal: AbortSignal) => Promise<void>;

function openRequests(url: string, hello: HelloFrame, inbox: Inbox, read: Reading): Omit<RawLink, "next"> {
  const abort = new AbortController();
  const run = (work: Promise<void>): void => {
    work.catch((error: unknown) => inbox.end(String(error)));
  };
  /** One batch in flight (PROTOCOL.md, rule K9): where nodes share the work two would overtake each other. */
  let inFlight: Promise<unknown> = Promise.resolve();
  const command = (lines: readonly string[]): Promise<void> => {
    const sent = inFlight.then(() => send(lines));
    inFlight = sent.catch(() => {}); // told to the inbox
    return sent;
  };
  const send = async (lines: readonly string[]): Promise<void> => {
    const bare: HelloFrame = { ...hello, channels: new Map() };
    const body = [jsonClientCodec.writeClient(bare), ...lines].join("\n");
    const response = await fetch(`${url}/commands`, { method: "POST", body, signal: abort.signal });
    await pushLines(response, inbox);
  };
  run(read(url, hello, inbox, abort.signal));
  return {
    publish: (...commands) => run(command(commands.map((frame) => jsonClientCodec.writeClient(frame)))),
    sendRaw: (wire) => run(command([typeof wire === "string" ? wire : new TextDecoder().decode(wire)])),
    close: () => abort.abort(),
  };
}

async function readStream(url: string, hello: HelloFrame, inbox: Inbox, signal: AbortSignal): Promise<void> {
  const body = jsonClientCodec.writeClient(hello);
  const response = await fetch(`${url}/stream`, { method: "POST", body, signal });
  if (!response.ok || !response.body) {
    await pushLines(response, inbox);
    return;
  }
  const decoder = createSseDecoder({ onEvent: ({ data }) => inbox.push(jsonClientCodec.readServer(data)) });
  for await (const bytes of response.body) decoder.feed(bytes);
  inbox.end("the stream ended");
}

/** One poll after the other, each from where the last one came to; only the first says welcome, as on any other link. */
async function pollOnAndOn(url: string, hello: HelloFrame, inbox: Inbox, signal: AbortSignal): Promise<void> {
  const cursors = new Map(hello.channels);
  const unsettled = new Set(cursors.keys());
  let welcomed = false;
  let over = false;
  const take = (frame: ArrivedFrame): void => {
    const first = frame.t === "welcome" ? !welcomed : frame.t === "live" ? unsettled.delete(frame.channel) : true;
    welcomed ||= frame.t === "welcome";
    over ||= frame.t === "bye";
    const last = frame.t === "messages" ? frame.messages.at(-1) : undefined;
    if (frame.t === "messages" && frame.epoch !== undefined && last)
      cursors.set(frame.channel, formatId(frame.epoch, last.seq));
    if (frame.t === "live" || frame.t === "presence") cursors.set(frame.channel, frame.id);
    if (frame.t === "gap") {
      cursors.set(frame.channel, frame.head);
      unsettled.add(frame.channel);
    }
    if (frame.t === "error" && frame.channel !== undefined) {
      cursors.delete(frame.channel);
      unsettled.delete(frame.channel);
    }
    if (first) inbox.push(frame);
  };
  while (!over) {
    const wait = unsettled.size > 0 || cursors.size === 0 ? 0 : WAIT_SECONDS;
    const body = jsonClientCodec.writeClient({ ...hello, channels: cursors, wait });
    const response = await fetch(`${url}/poll`, { method: "POST", body, signal });
    await pushLines(response, { ...inbox, push: take });
    if (cursors.size === 0) return; // nothing to wait for
  }
  inbox.end("bye");
}

async function pushLines(response: Response, inbox: Inbox): Promise<void> {
  const text = await response.text();
  if (response.ok) {
    for (const line of text.split("\n")) if (line !== "") inbox.push(jsonClientCodec.readServer(line));
    return;
  }
  const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
  inbox.push(jsonClientCodec.readServer(JSON.stringify({ t: "bye", code, message, retry: false })));
}
