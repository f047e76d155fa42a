/** What an idle event stream keeps in memory beyond what Node itself keeps for an open response. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eitherway } from "../../src/node/index.ts";

/** Two descriptors each, and usual limits are 1,024 a process. */
const STREAMS = 400;

/**
 * Measured: 1,000 bytes of link, session and subscription. Closures for each body, and a request that was held on to, were 2,500
 * more. The same sockets, clients and Node are on both sides, so nothing else differs.
 */
const MOST_BYTES = 1_500;

/** Collections settle only after a few rounds; the least of them is what is really held. */
const COLLECTIONS = 8;

/** What tutorials write: the least that a stream can be. */
const plain = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": open\n\n");
});
const server = eitherway();
const ports = { plain: 0, ours: 0 };

beforeAll(async () => {
  plain.listen(0, "127.0.0.1");
  await once(plain, "listening");
  ports.plain = (plain.address() as AddressInfo).port;
  ports.ours = (await server.listen({ port: 0 })).port;
});

afterAll(async () => {
  plain.close();
  await server.close();
});

const HELLO = '{"t":"hello","v":1,"client":"idle","channels":{"room":"now"}}';
const DOORS = {
  stream: {
    request: `POST /eitherway/stream HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${HELLO.length}\r\n\r\n${HELLO}`,
    opened: '"t":"live"',
  },
  events: { request: "GET /eitherway/events?channel=room HTTP/1.1\r\nhost: localhost\r\n\r\n", opened: "id: " },
};
const PLAIN = { request: "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", opened: ": open" };

describe("an idle sse stream", () => {
  for (const [door, words] of Object.entries(DOORS)) {
    test(`from ${door} keeps at most ${MOST_BYTES} bytes more than an open response of Node's (P6)`, async () => {
      await heapOf(ports.plain, PLAIN); // brings code and caches to where they stay
      await heapOf(ports.ours, words);
      const least = await heapOf(ports.plain, PLAIN);
      const whole = await heapOf(ports.ours, words);
      expect(whole - least).toBeGreaterThan(0);
      expect(whole - least).toBeLessThan(MOST_BYTES);
    });
  }
});

interface Words {
  readonly request: string;
  /** What has come once the stream is open. */
  readonly opened: string;
}

/** Bytes of heap that one idle stream takes, with its client's end. */
async function heapOf(port: number, words: Words): Promise<number> {
  const before = await heldBytes();
  const sockets = await Promise.all(Array.from({ length: STREAMS }, () => open(port, words)));
  const after = await heldBytes();
  for (const socket of sockets) socket.destroy();
  while (server.stats().links > 0) await turn();
  return (after - before) / STREAMS;
}

async function open(port: number, { request, opened }: Words): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  for (let text = ""; !text.includes(opened); ) {
    const [chunk] = await once(socket, "data");
    text += String(chunk);
  }
  return socket;
}

async function heldBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < COLLECTIONS; round++) {
    await turn();
    globalThis.gc?.();
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

const TURN_MS = 20;

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
