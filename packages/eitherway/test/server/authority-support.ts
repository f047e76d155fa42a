/** A server that knows its people: tokens are names, and what each may do. */
import { jsonClientCodec } from "../../src/protocol/index.ts";
import type { EitherwayOptions, Grant } from "../../src/server/index.ts";
import { createFakeClock, type MemorySocket } from "../../src/testing/index.ts";
import { createTestServer, type TestServer } from "./support.ts";

/** The token of whom; `ana-2` is another token of hers. */
export type Grants = Readonly<Record<string, Grant>>;

export interface Guarded extends TestServer {
  /** A WebSocket with its hello said, which answers pings; `read` gives its other frames since the last call, briefly. */
  connect(token: string | undefined, channels?: Readonly<Record<string, string>>, client?: string): Promise<Visitor>;
  pass(ms: number): Promise<void>;
}

export interface Visitor {
  readonly socket: MemorySocket;
  send(frame: object): Promise<void>;
  read(): string[];
}

export function createGuarded(grants: Grants, options: EitherwayOptions = {}, clock = createFakeClock()): Guarded {
  const auth: EitherwayOptions["auth"] = ({ token }) => grants[token ?? ""] ?? null;
  const server = createTestServer({ auth, ...options }, clock);

  const sockets: MemorySocket[] = [];

  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= Math.min(left, STEP_MS)) {
      clock.advance(Math.min(left, STEP_MS));
      for (const socket of sockets) if (!socket.closed) socket.send('{"t":"pong"}');
      await clock.settle();
    }
  }

  return {
    ...server,
    pass,
    async connect(token, channels = {}, client = token ?? "nobody") {
      const socket = await server.upgrade();
      sockets.push(socket);
      const send = async (frame: object): Promise<void> => {
        socket.send(JSON.stringify(frame));
        await clock.settle();
      };
      await send({ t: "hello", v: 1, client, token, channels });
      return {
        socket,
        send,
        read: () =>
          socket
            .read()
            .map((frame) => brief(String(frame)))
            .filter((frame) => frame !== "ping"),
      };
    },
  };
}

const STEP_MS = 500;

function brief(text: string): string {
  const frame = jsonClientCodec.readServer(text);
  switch (frame.t) {
    case "messages":
      return `${frame.channel}: ${frame.messages.map(({ data, from }) => `${String(data)}${from === undefined ? "" : ` by ${from}`}`).join()}`;
    case "live":
      return `live ${frame.channel}`;
    case "ok":
      return `ok ${frame.key}`;
    case "error":
      return ["error", frame.key ?? frame.channel, frame.code].filter(Boolean).join(" ");
    case "bye":
      return `bye ${frame.code}`;
    case "refresh":
      return `refresh ${frame.left}`;
    default:
      return frame.t;
  }
}
