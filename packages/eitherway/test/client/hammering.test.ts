/** However a server fails, it is not hammered: the whole client, over each transport, against servers that do it all wrong. */
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createClientOn } from "../../src/client/client.ts";
import type { TransportName } from "../../src/client/transport.ts";
import { pollTransport } from "../../src/client/transports/poll.ts";
import { sseTransport } from "../../src/client/transports/sse.ts";
import { createWebSocketTransport } from "../../src/client/transports/websocket.ts";
import { createFakeClock, createSeededRandom } from "../../src/testing/index.ts";
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

const MINUTE_MS = 60_000;
const STEP_MS = 50;
/** One a second where a link opens each time, as a poll's does; backoff keeps the others well below. */
const MOST_A_MINUTE = 61;
/** Then the server falls silent, since a loop without pause would never let the test fail. */
const GIVE_UP = 1_000;

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(SERVERS)("a server that $title", (server) => {
  test.each<TransportName>(["websocket", "sse", "poll"])(
    "is asked a bounded number of times a minute over %s",
    async (name) => {
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
          transports: [createWebSocketTransport(Socket), sseTransport, pollTransport],
          clock,
          random: createSeededRandom(7),
          wakeups: () => () => {},
          createClientId: () => "c1",
          baseUrl: undefined,
        },
        { url: "http://server/eitherway", transport: name },
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
