/** However a server fails, it is not hammered: the whole client, over each transport, against servers that do it all wrong. */
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createClientOn } from "../../src/client/client.ts";
import type { TransportChoice } from "../../src/client/client-api.ts";
import { createNetworkMemory } from "../../src/client/network-memory.ts";
import { pollTransport } from "../../src/client/transports/poll.ts";
import { sseTransport } from "../../src/client/transports/sse.ts";
import { createWebSocketTransport } from "../../src/client/transports/websocket.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { type FakeRequest, FakeSocket, stubFetch } from "./fake-network.ts";
import { WELCOME } from "./support.ts";

/** A server that fails in one way, whatever it is asked over. */
interface BadServer {
  readonly title: string;
  socket(socket: FakeSocket): void;
  request(request: FakeRequest): void;
}

const closeSocket = (socket: FakeSocket): void => socket.onclose?.({ code: 1006, reason: "" });

const SERVERS: readonly BadServer[] = [
  {
    title: "refuses connections",
    socket: closeSocket,
    request: (request) => request.fail("connect ECONNREFUSED"),
  },
  {
    title: "accepts and closes",
    socket(socket) {
      socket.onopen?.({});
      closeSocket(socket);
    },
    request(request) {
      if (request.door === "stream") request.stream().end();
      else request.answer("");
    },
  },
  {
    title: "says welcome and closes",
    socket(socket) {
      socket.onopen?.({});
      socket.say(WELCOME);
      closeSocket(socket);
    },
    request(request) {
      if (request.door !== "stream") return request.lines(WELCOME);
      const stream = request.stream();
      stream.send(WELCOME);
      stream.end();
    },
  },
  {
    title: "speaks rubbish",
    socket(socket) {
      socket.onopen?.({});
      socket.onmessage?.({ data: "<html>" });
    },
    request: (request) => request.answer("<html>", { headers: { "content-type": "text/html" } }),
  },
  {
    title: "is busy",
    socket: closeSocket,
    request: (request) => request.answer("busy", { status: 503 }),
  },
  {
    title: "takes everything and answers nothing",
    socket: () => {},
    request: () => {},
  },
];

/** Each client finds a network that it does not know. */
let memories = 0;

const MINUTE_MS = 60_000;
const STEP_MS = 50;
/** The floors of the backoff, with no luck at all: 0.1, 0.2, 0.4, 0.8, then 1 s each. Chance makes it a fifth of that. */
const MOST_A_MINUTE = 64;
/** Then the server falls silent, since a loop without pause would never let the test fail. */
const GIVE_UP = 1_000;

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(SERVERS)("a server that $title", (server) => {
  test.each<TransportChoice>(["websocket", "sse", "poll", "auto"])(
    "is asked a bounded number of times a minute over %s, even when chance always says at once",
    async (transport) => {
      const clock = createFakeClock();
      const doors: string[] = [];
      stubFetch((request) => {
        doors.push(request.door);
        if (doors.length < GIVE_UP) queueMicrotask(() => server.request(request));
      });
      class Socket extends FakeSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols);
          doors.push("socket");
          if (doors.length < GIVE_UP) queueMicrotask(() => server.socket(this));
        }
      }
      const client = createClientOn(
        {
          transports: [createWebSocketTransport(() => Socket), sseTransport, pollTransport],
          clock,
          random: () => 0,
          wakeups: () => () => {},
          createNetworkMemory,
          createClientId: () => "c1",
          baseUrl: undefined,
        },
        { url: `http://server-${memories++}/eitherway`, transport },
      );
      onTestFinished(() => client.close());
      const room = client.channel("room");
      room.on("message", () => {});
      room.publish("x").catch(() => {});
      for (let ms = 0; ms < MINUTE_MS; ms += STEP_MS) {
        await clock.settle();
        clock.advance(STEP_MS);
      }
      for (const door of new Set(doors)) {
        expect(doors.filter((one) => one === door).length).toBeLessThanOrEqual(MOST_A_MINUTE);
      }
      expect(doors.length).toBeGreaterThan(2); // and it is not given up
      await client.close();
      await clock.settle();
      expect(clock.pending).toBe(0);
    },
  );
});
