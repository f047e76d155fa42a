/** The cases of RFC 6455 over TCP: the same bytes to our server and to one of `ws`, which is the yardstick. */
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { codeOfNumber } from "../../src/protocol/index.ts";
import { BINARY_OPCODE, TEXT_OPCODE, webSocketFrame } from "../../src/transports/websocket-frame.ts";
import { CASES, type Case, isRight, LIMIT } from "../support/websocket-cases.ts";
import { close, closeSeen, createYardstick, feedCut, type Outcome } from "../support/websocket-frames.ts";
import { requestText, start, upgrading } from "./support.ts";

const HANDSHAKE = requestText("GET", "/eitherway", {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
});

/** Sends back what it gets. */
async function startOurs(ahead: boolean): Promise<number> {
  const handler = upgrading((request) => {
    const socket = request.accept("");
    socket.listen({
      message(data) {
        const opcode = typeof data === "string" ? TEXT_OPCODE : BINARY_OPCODE;
        socket.write(webSocketFrame(opcode, Buffer.from(data as string)));
      },
      drained() {},
      closed() {},
    });
  });
  return (await start(handler, { limits: { frameBytes: LIMIT }, ahead })).port;
}

async function startYardstick(): Promise<number> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, maxPayload: LIMIT });
  server.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    socket.on("error", () => {});
  });
  await once(server, "listening");
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

type Server = "ours" | "ours, ahead of node:http" | "ws";

const START: Readonly<Record<Server, () => Promise<number>>> = {
  ours: () => startOurs(false),
  "ours, ahead of node:http": () => startOurs(true),
  ws: startYardstick,
};

/** Behind what does not end by itself, so that every exchange does. */
const LAST = close(1000, "done");
const LAST_SEEN = closeSeen(1000, "done");

function ends({ outcomes }: Case): boolean {
  return /^(?:failed|close)/.test(outcomes.at(-1) ?? "");
}

/** Sends the case over a connection of its own, in pieces of `size` bytes, and reads until the server hangs up. */
async function exchange(server: Server, port: number, one: Case, size: number): Promise<readonly Outcome[]> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}); // a server may hang up before it has read all that we send
  socket.setNoDelay();
  socket.write(HANDSHAKE);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  const over = once(socket, "close");
  const bytes = ends(one) ? one.bytes : Buffer.concat([one.bytes, LAST]);
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.subarray(at, at + size));
    if (size === 1) await turn();
  }
  await over;
  const received = Buffer.concat(chunks);
  const head = received.indexOf("\r\n\r\n") + 4;
  const reader = createYardstick(2 * LIMIT, "client");
  feedCut(reader, received.subarray(head), []);
  return reader.outcomes.map((outcome) =>
    ends(one) && /^failed/.test(one.outcomes.at(-1) ?? "") ? asFailure(server, outcome) : outcome,
  );
}

const KIND_OF_NUMBER: Readonly<Record<number, string>> = { 1002: "bad-frame", 1007: "bad-utf8", 1009: "too-large" };

/** A server says that it fails with a number of its own choice. */
function asFailure(server: Server, outcome: Outcome): Outcome {
  const [, digits, reason] = /^close (\d+) (.*)$/.exec(outcome) ?? [];
  if (digits === undefined) return outcome;
  const kind = server === "ws" ? KIND_OF_NUMBER[Number(digits)] : codeOfNumber(Number(digits));
  return reason === (server === "ws" ? "" : kind) ? `failed ${kind}` : outcome;
}

const AT_ONCE = 16;

async function complaints(server: Server, cases: readonly Case[], size: number): Promise<string[]> {
  const port = await START[server]();
  const found: string[] = [];
  const queue = [...cases];
  const lane = async (): Promise<void> => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const seen = await exchange(server, port, one, size);
      const wanted = ends(one) ? one : { ...one, outcomes: [...one.outcomes, LAST_SEEN] };
      if (!isRight(wanted, seen)) found.push(`${one.title}: ${seen.join("; ")}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return found;
}

/** Enough for octet by octet over TCP; in memory every case is cut at every byte. */
const CHOPPED = CASES.filter(({ title, bytes }) => bytes.length <= 60 && !title.includes(", fragmented at"));

for (const server of Object.keys(START) as Server[]) {
  describe(`RFC 6455 over TCP, ${server}`, () => {
    test(`${CASES.length} cases, each with its handshake, in one go (P12)`, async () => {
      expect(await complaints(server, CASES, LIMIT * 2)).toEqual([]);
    });

    test(`${CHOPPED.length} cases octet by octet (P12)`, async () => {
      expect(await complaints(server, CHOPPED, 1)).toEqual([]);
    });
  });
}
