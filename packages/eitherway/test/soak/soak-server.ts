/**
 * The server of the soak, a process of its own: its heap is its own, and so is its core. It is asked over IPC for what no client
 * could do: cut connections, let time pass, tell what it holds.
 */
import type { Socket } from "node:net";
import { attach, createNodeServer } from "../../src/node/index.ts";
import { createEitherway } from "../../src/server/index.ts";
import { createLeapingClock, createSeededRandom } from "../../src/testing/index.ts";
import { createUnfinishedMessages } from "../../src/transports/unfinished-messages.ts";
import type { FramePeer } from "../../src/transports/websocket-reader.ts";
import { witnessed } from "../support/witness.ts";
import { type Answer, type Question, type SoakServer, soakMessage } from "./soak-protocol.ts";

const BASE_PATH = "/eitherway";
const HOST = "127.0.0.1";

/** Collections settle only after a few rounds; the least of them is what is really held. */
const COLLECTIONS = 8;

function createSoakServer(): SoakServer {
  const clock = createLeapingClock();
  const sockets = new Set<Socket>();
  const server = createNodeServer();
  let random = createSeededRandom(0);
  let eitherway: ReturnType<typeof createEitherway>["eitherway"] | undefined;

  const running = () => {
    if (!eitherway) throw new Error("start comes first");
    return eitherway;
  };

  return {
    async start({ seed, kept }) {
      random = createSeededRandom(seed);
      const logger = witnessed({ warn: complain, error: complain });
      const parts = createEitherway({ clock, random: Math.random, logger }, { retention: { messages: kept } });
      eitherway = parts.eitherway;
      const { limits, metrics } = parts;
      const unfinished = createUnfinishedMessages<FramePeer>();
      attach(server, parts.handler, { basePath: BASE_PATH, limits, metrics, unfinished, clock, logger });
      server.on("connection", (socket: Socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
      });
      await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
      const { port } = server.address() as { port: number };
      return { url: `http://${HOST}:${port}${BASE_PATH}` };
    },
    async cut({ count }) {
      const all = [...sockets];
      let cut = 0;
      while (cut < count && all.length > 0) {
        const [socket] = all.splice(Math.floor(random() * all.length), 1);
        socket?.resetAndDestroy();
        cut++;
      }
      return cut;
    },
    async rest({ forgetMs, channel }) {
      // Links have to end by what the clients did; connections that carry none may be kept by a client's HTTP stack.
      while (running().stats().links > 0) await turn();
      while (sockets.size > 0) {
        for (const socket of sockets) socket.destroy();
        await turn();
      }
      clock.leap(forgetMs);
      // The broker lets go when it is next used, not by a timer.
      await running().publish(channel, soakMessage(0));
      let heapBytes = Number.POSITIVE_INFINITY;
      for (let round = 0; round < COLLECTIONS; round++) {
        await turn();
        globalThis.gc?.();
        heapBytes = Math.min(heapBytes, process.memoryUsage().heapUsed);
      }
      return { stats: running().stats(), heapBytes };
    },
    async stop() {
      await running().close();
      server.close();
    },
  };
}

const TURN_MS = 20;

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}

function complain(event: string, fields?: unknown): void {
  process.stderr.write(`${event} ${JSON.stringify(fields)}\n`);
}

// --- questions and answers ---

const soak = createSoakServer();
process.on("message", ({ id, ask, options }: Question) => {
  const reply = (answer: Omit<Answer, "id">): void => void process.send?.({ id, ...answer });
  soak[ask](options).then(
    (value: unknown) => reply({ value }),
    (error: unknown) => reply({ error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0)); // nobody is there to ask any more
