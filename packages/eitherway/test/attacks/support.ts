/** A server that takes tokens, clients on it that must not notice what is done to it, and the ways in which attackers come. */
import { once } from "node:events";
import { expect, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createClient, type TransportName } from "../../src/client/index.node.ts";
import { eitherway, type NodeEitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { type ArrivedFrame, binaryClientCodec, type ClientFrame, jsonClientCodec } from "../../src/protocol/index.ts";
import { createTokenAuth, type TokenVerifierOptions } from "../../src/server/tokens/index.ts";
import { rawConnect } from "../node/support.ts";
import { SECRET, token } from "../server/tokens/support.ts";
import { plant, witness, witnessed, witnessMetrics } from "../support/witness.ts";

export const AUDIENCE = "attacks";

/** Of those who behave. */
const API_KEY = plant("key-9d41c07be52f83aa6615d7f2b8e94a63");
/** In each of their messages. */
const SECRET_PAYLOAD = plant("payload-1f70a6bc3e28b05c");

export const now = (): number => Math.floor(Date.now() / 1_000);

export type Channels = Readonly<Record<string, readonly string[]>>;

/** A good token of the servers here. */
export function tokenOf(user: string, channels: Channels, more: object = {}): string {
  return token({ sub: user, aud: AUDIENCE, exp: now() + 600, channels, ...more });
}

// --- the server ---

export interface SiteOptions extends Pick<NodeEitherwayOptions, "limits" | "allowedOrigins" | "pingMs"> {
  /** Default: tokens of the secret. */
  readonly tokens?: TokenVerifierOptions;
  /** The server itself. Default: without a contract. */
  readonly create?: (options: NodeEitherwayOptions) => Pick<NodeEitherway, "listen" | "close" | "stats">;
}

export interface Site {
  readonly port: number;
  readonly url: string;
  stats(): ReturnType<NodeEitherway["stats"]>;
  /** What was logged as an error: no attack is one. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly guests: Guests;
}

/** On a free port, gone with the test. It asks everybody for a token, and has its guests already. */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const { tokens = { secret: SECRET }, create = eitherway, ...rest } = options;
  const errors: string[] = [];
  const warnings: string[] = [];
  const into = (lines: string[]) => (event: string, fields?: object) =>
    void lines.push(`${event} ${JSON.stringify(fields)}`);
  const grantOf = createTokenAuth({ tokens: { audience: AUDIENCE, ...tokens }, apiKeys: [{ key: API_KEY }] });
  const ew = create({
    auth: ({ token: shown }) => (shown === undefined ? null : grantOf(shown)),
    logger: witnessed({ warn: into(warnings), error: into(errors) }),
    ...rest,
  });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { port, url } = await ew.listen({ port: 0 });
  const guests = await invite(url);
  return { port, url, errors, warnings, guests, stats: () => ew.stats() };
}

// --- those who behave ---

export interface Guests {
  /**
   * Whatever happened since they came: each of their messages was answered, and came to each of them exactly once and in order,
   * over the link that each opened first.
   */
  noticedNothing(): Promise<void>;
}

const TRANSPORTS: readonly TransportName[] = ["websocket", "sse"];
const GUEST_CHANNEL = "room/guests";
const MS_BETWEEN_MESSAGES = 5;

type Said = readonly [number: number, secret: string];

/** Publish numbers, one behind the answer to the other, until they are asked. */
async function invite(url: string): Promise<Guests> {
  const guests = TRANSPORTS.map((transport) => {
    const client = createClient({ url, transport, token: API_KEY });
    onTestFinished(() => client.close());
    const heard: unknown[] = [];
    const room = client.channel(GUEST_CHANNEL);
    const live = new Promise((resolve) => {
      room.on("live", resolve);
    });
    room.on("message", (data) => void heard.push((data as Said)[0]));
    return { transport, client, room, heard, live };
  });
  await Promise.all(guests.map(({ live }) => live));
  const [speaker] = guests;
  const said: number[] = [];
  let over = false;
  const speaking = (async () => {
    while (!over || said.length === 0) {
      said.push(said.length);
      await speaker?.room.publish([said.length - 1, SECRET_PAYLOAD] satisfies Said);
      await pause(MS_BETWEEN_MESSAGES);
    }
  })();
  speaking.catch(() => {}); // it is asked below; in a test that failed before nobody asks
  return {
    async noticedNothing() {
      over = true;
      await speaking;
      while (guests.some(({ heard }) => heard.length < said.length)) await pause(MS_BETWEEN_MESSAGES);
      for (const { transport, heard, client } of guests) {
        const { links, gaps, holes } = client.status;
        expect({ transport, heard, links, gaps, holes }).toEqual({
          transport,
          heard: said,
          links: 1,
          gaps: 0,
          holes: 0,
        });
      }
    },
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

// --- requests, to the byte ---

export interface Answered {
  readonly status: number;
  /** Status line and headers, as they came. */
  readonly head: string;
  readonly body: string;
  /** The code of a refusal; `in` of anything else. */
  readonly code: string;
}

export type Headers = Readonly<Record<string, string>>;

/** Sends a request line and headers as they are given; of a stream only the first part is read. */
export async function ask(
  { port }: Pick<Site, "port">,
  method: string,
  path: string,
  headers: Headers = {},
  body: string | Uint8Array = "",
): Promise<Answered> {
  const bytes = Buffer.from(body as string);
  const all = { host: "localhost", connection: "close", "content-length": String(bytes.length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
  const connection = await rawConnect(port, Buffer.concat([head, bytes]));
  const begun = await connection.has("\r\n\r\n");
  const text = begun.includes("text/event-stream")
    ? await connection.has(/\n(?:id|event|data): /)
    : await connection.ended();
  connection.socket.destroy();
  return readAnswer(text ?? "");
}

function readAnswer(text: string): Answered {
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end);
  const body = /transfer-encoding: chunked/i.test(head) ? withoutSizes(text.slice(end + 4)) : text.slice(end + 4);
  const code = /^\{"error":\{"code":"([a-z0-9-]+)"/.exec(body)?.[1] ?? "in";
  if (code !== "in") witness("error", text);
  return { status: Number(head.split(" ")[1]), head, body, code };
}

/** The whole chunks of a body. */
function withoutSizes(text: string): string {
  let body = "";
  for (let at = 0; ; ) {
    const from = text.indexOf("\r\n", at) + 2;
    const size = Number.parseInt(text.slice(at, from), 16);
    if (from < 2 || !(size > 0) || from + size > text.length) return body;
    body += text.slice(from, from + size);
    at = from + size + 2;
  }
}

export const BASE = "/eitherway";

export const bearer = (shown: string): Headers => ({ authorization: `Bearer ${shown}` });

// --- WebSockets ---

/** One that says what it likes. */
export interface Peer {
  send(wire: string | Uint8Array | ClientFrame): void;
  /** The next frame that is none of the server's own doings (welcome, ping). */
  next(): Promise<ArrivedFrame>;
  /** The code of the next answer, `in` where it is no refusal. */
  answer(): Promise<string>;
  /** The code with which the server closed. */
  closed(): Promise<string>;
  readonly socket: WebSocket;
}

export type Codec = typeof jsonClientCodec | typeof binaryClientCodec;
export const CODECS: Readonly<Record<string, Codec>> = { JSON: jsonClientCodec, binary: binaryClientCodec };

export async function openPeer({ url }: Pick<Site, "url">, codec: Codec = jsonClientCodec): Promise<Peer> {
  const socket = new WebSocket(url.replace("http", "ws"), [codec.subprotocol], { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  const frames: ArrivedFrame[] = [];
  let wake = (): void => {};
  let reason: string | undefined;
  socket.on("error", () => {});
  socket.on("message", (data: Buffer) => {
    const frame = (codec as typeof binaryClientCodec).readServer(
      (codec === jsonClientCodec ? data.toString() : new Uint8Array(data)) as Uint8Array,
    );
    if ("code" in frame) witness("error", JSON.stringify(frame));
    if (frame.t !== "welcome" && frame.t !== "ping") frames.push(frame);
    wake();
  });
  socket.on("close", (_number: number, why: Buffer) => {
    reason = why.toString();
    wake();
  });
  await once(socket, "open");
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });

  async function next(): Promise<ArrivedFrame> {
    for (;;) {
      const frame = frames.shift();
      if (frame) return frame;
      if (reason !== undefined) throw new Error(`closed as ${reason} without a frame`);
      await change();
    }
  }

  return {
    socket,
    send(wire) {
      const isFrame = typeof wire === "object" && "t" in wire;
      socket.send(isFrame ? codec.writeClient(wire) : wire);
    },
    next,
    async answer() {
      const frame = await next();
      return "code" in frame ? frame.code : "in";
    },
    async closed() {
      while (reason === undefined) await change();
      return reason;
    },
  };
}

export function hello(shown: string | undefined, channels: Headers = {}, client = "attacker"): ClientFrame {
  const token = shown === undefined ? {} : { token: shown };
  return { t: "hello", client, ...token, channels: new Map(Object.entries(channels)) as never };
}
