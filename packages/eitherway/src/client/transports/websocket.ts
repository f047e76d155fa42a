/** All frames, both directions, over one WebSocket. */
import { type ClientFrame, codeOfNumber, jsonClientCodec } from "../../protocol/index.ts";
import type { Announcement, Command } from "../command.ts";
import {
  type ChannelSink,
  type ClientLink,
  type ClientTransport,
  type Destination,
  type LinkEvents,
  QUIET_PINGS,
} from "../transport.ts";
import { onceEnded, readFrame } from "./frames.ts";

/** The part of a browser's WebSocket that is used; `ws` has it too. */
export interface Socket {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(data: string | Uint8Array): void;
  close(code: number): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket;

const NORMAL_CLOSURE = 1000;

/** Of what was sent and has not left: with more an announcement would come too late to be worth its place. */
const MOST_BUFFERED_BYTES = 64 * 1024;

/** The first one comes after one interval, and what passes that holds none back later. */
const MUTE_PINGS = 1.5;

/** @param find the constructor, looked for each time: a polyfill may come late */
export function createWebSocketTransport(find: () => SocketConstructor | undefined): ClientTransport {
  return {
    name: "websocket",
    supported: () => find() !== undefined,
    idleMs: (pingMs) => pingMs,
    quietMs: (pingMs) => QUIET_PINGS * pingMs,
    muteMs: (pingMs) => MUTE_PINGS * pingMs,
    open: (to, events) => openWebSocket(find() as SocketConstructor, to, events),
  };
}

/** Over the platform's own WebSocket. */
export const webSocketTransport = /* @__PURE__ */ createWebSocketTransport(
  () => globalThis.WebSocket as unknown as SocketConstructor | undefined,
);

function openWebSocket(Constructor: SocketConstructor, to: Destination, events: LinkEvents): ClientLink {
  const { framing } = to;
  const routes = new Map<string, ChannelSink>();
  const end = onceEnded(events);
  let socket: Socket | undefined;
  let problem = "";

  const send = (frame: ClientFrame): void => socket?.send(framing.writeClient(frame));

  function connect(): Socket | undefined {
    try {
      const made = new Constructor(to.url.replace(/^http/, "ws"), [framing.subprotocol]);
      made.binaryType = "arraybuffer";
      return made;
    } catch (thrown) {
      // Not inside `open`. A page of https may not open ws:, for one.
      queueMicrotask(() => end.ended({ message: `the socket was refused here: ${String(thrown)}` }));
      return undefined;
    }
  }

  function greet(): void {
    const { channels, routes: greeted } = to.greet();
    for (const [channel, sink] of greeted) routes.set(channel, sink);
    send({ t: "hello", ...to.who, channels });
  }

  function receive(data: unknown): void {
    if (end.over) return;
    events.alive();
    const frame = readFrame(framing, wireOf(data), end);
    if (!frame) return;
    if (frame.t === "ping") send({ t: "pong" });
    events.frame(frame, routes);
  }

  function publish({ frame, line }: Command | Announcement): void {
    socket?.send(framing === jsonClientCodec ? line : framing.writeClient(frame));
  }

  socket = connect();
  if (socket) {
    socket.onopen = () => {
      if (!end.over) greet();
    };
    socket.onmessage = ({ data }) => receive(data);
    // Stays set to the end: `ws` throws errors that nobody listens to.
    socket.onerror = ({ message }) => {
      problem = message ?? problem;
    };
    socket.onclose = ({ code, reason }) => {
      // Browsers and proxies mostly give no reason.
      const message = problem || `the socket closed (${`${code} ${reason}`.trim()})`;
      end.ended({ message, code: codeOfNumber(code) });
    };
  }

  return {
    change(added, removed) {
      for (const [channel, sink] of added.routes) {
        const before = routes.get(channel);
        if (!before || before === sink) continue;
        // Its frames may still be on their way. They end where ours begin, but for a replay of everything, which may begin
        // anywhere, and for one that was not live yet, whose `live` could be taken for ours.
        if (!before.live || added.channels.get(channel) === "start") return false;
        sink.retake();
      }
      for (const [channel, sink] of added.routes) routes.set(channel, sink);
      if (removed.length > 0) send({ t: "unsubscribe", channels: removed });
      if (added.channels.size > 0) send({ t: "subscribe", channels: added.channels });
      return true;
    },
    publish,
    announce(announcement) {
      if (!socket || socket.bufferedAmount > MOST_BUFFERED_BYTES) return false;
      publish(announcement);
      return true;
    },
    refresh: (token) => send({ t: "refresh", token }),
    close() {
      end.over = true;
      socket?.close(NORMAL_CLOSURE);
    },
  };
}

function wireOf(data: unknown): string | Uint8Array {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : (data as string);
}
