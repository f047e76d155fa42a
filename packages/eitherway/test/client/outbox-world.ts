/** A browser with one disk, whose pages come and go, and a real server without sockets, over a network that comes and goes. */
import { onTestFinished } from "vitest";
import { type ClientPlatform, createClientOn } from "../../src/client/client.ts";
import type { Client, Outcome } from "../../src/client/client-api.ts";
import { openOutboxOn } from "../../src/client/outbox-store/index.ts";
import type { ClientTransport, Destination, LinkEvents } from "../../src/client/transport.ts";
import { createCounters, createHub, createMemoryBroker, DEFAULT_LIMITS } from "../../src/core/index.ts";
import { jsonClientCodec, SUBPROTOCOLS } from "../../src/protocol/index.ts";
import { createAccess } from "../../src/server/access.ts";
import { createRouter } from "../../src/server/router.ts";
import {
  createFakeClock,
  createMemoryOutboxDisk,
  createMemorySocket,
  createSeededRandom,
  type FakeClock,
  type MemoryOutboxDisk,
  type MemoryPage,
} from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";

export interface OutboxWorld {
  readonly clock: FakeClock;
  readonly disk: MemoryOutboxDisk;
  /** `silent`: what is sent arrives, and no answer comes back. */
  network: "on" | "silent" | "off";
  open(): Promise<WorldPage>;
  /** Lets time pass, promise jobs included. */
  pass(ms: number): Promise<void>;
  /** Until nothing waits in these pages; fails after a minute. */
  drain(...pages: readonly WorldPage[]): Promise<void>;
  /** The texts of a channel, as they are stored. */
  log(channel: string): Promise<readonly string[]>;
}

export interface WorldPage {
  readonly client: Client;
  readonly page: MemoryPage;
  readonly outcomes: readonly Outcome[];
  readonly errors: readonly string[];
  /** False once it was killed: what it hears then, nobody sees. */
  readonly alive: boolean;
  /** The page is gone, without a word. */
  kill(): void;
}

export const KEY_WINDOW_MS = 300_000;

const DAYS_MS = 7 * 86_400_000;
/** How soon what arrived is read. */
const READ_MS = 5;
const STEP_MS = 1_000;

export function createOutboxWorld(seed = 1): OutboxWorld {
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const disk = createMemoryOutboxDisk();
  const limits = { ...DEFAULT_LIMITS, inFlight: 8 };
  const metrics = createCounters();
  const logger = witnessed({ error: (event: string, fields?: unknown) => failures.push([event, fields]) });
  const failures: unknown[] = [];
  const broker = createMemoryBroker({
    clock,
    random,
    limits,
    metrics,
    keyWindowMs: KEY_WINDOW_MS,
    retention: { messages: 10_000, bytes: 10_000_000, ageMs: DAYS_MS },
  });
  const hub = createHub({ broker, clock, random, logger, limits, metrics });
  const access = createAccess({ allowedOrigins: [], insecure: true });
  const router = createRouter({ hub, access, isClosing: () => false });
  const cuts = new Set<() => void>();
  const pages: WorldPage[] = [];
  let network: OutboxWorld["network"] = "on";
  let clients = 0;

  function openLink(to: Destination, events: LinkEvents) {
    const { channels, routes } = to.greet();
    const socket = createMemorySocket({ protocols: [SUBPROTOCOLS.json] }, { clock });
    let stop = clock.after(READ_MS, read);
    if (network !== "off") {
      router.upgrade(socket.request);
      socket.send(jsonClientCodec.writeClient({ t: "hello", channels, ...to.who }));
    }
    cuts.add(cut);

    function read(): void {
      for (const message of network === "silent" ? [] : socket.read()) {
        events.alive();
        events.frame(jsonClientCodec.readServer(message as string), routes);
      }
      if (network === "off" || socket.closed) {
        close();
        events.ended({ message: "the network is gone" });
      } else if (cuts.has(cut)) stop = clock.after(READ_MS, read);
    }

    function cut(): void {
      socket.cut();
    }

    function close(): void {
      stop();
      cut();
      cuts.delete(cut);
    }

    return {
      change: () => false,
      publish: ({ line }: { line: string }) => socket.send(line),
      announce: () => false,
      close,
    };
  }

  const transport: ClientTransport = {
    name: "websocket",
    supported: () => true,
    idleMs: (pingMs: number) => pingMs,
    quietMs: (pingMs) => 2.5 * pingMs,
    muteMs: (pingMs) => 2.5 * pingMs,
    open: openLink,
  };
  const platform: ClientPlatform = {
    transports: [transport],
    clock,
    random,
    wakeups: () => () => {},
    createNetworkMemory: () => ({ recall: () => undefined, remember() {} }),
    createClientId: () => `c${++clients}`,
    baseUrl: undefined,
  };

  async function open(): Promise<WorldPage> {
    const page = disk.page();
    const store = await openOutboxOn({ disk: page.disk, createClientId: platform.createClientId });
    const outcomes: Outcome[] = [];
    const errors: string[] = [];
    let alive = true;
    const client = createClientOn(platform, { url: "http://127.0.0.1/eitherway", outbox: { store, commands: 2_000 } });
    client.on("outcome", (outcome) => {
      if (alive) outcomes.push(outcome);
    });
    client.on("error", (error) => {
      if (alive) errors.push((error as { code?: string }).code ?? error.message);
    });
    const opened = {
      client,
      page,
      outcomes,
      errors,
      get alive() {
        return alive;
      },
      kill() {
        alive = false;
        page.kill();
        void client.close(); // its links and timers are gone; the disk hears nothing of it
      },
    };
    pages.push(opened);
    return opened;
  }

  async function pass(ms: number): Promise<void> {
    await clock.settle();
    for (let left = ms; left > 0; left -= STEP_MS) {
      clock.advance(Math.min(left, STEP_MS));
      await clock.settle();
    }
    if (failures.length > 0) throw new Error(`the server failed: ${JSON.stringify(failures)}`);
  }

  onTestFinished(() => {
    for (const { kill } of pages) kill();
  });

  return {
    clock,
    disk,
    get network() {
      return network;
    },
    set network(state) {
      network = state;
      if (state === "off") for (const cut of cuts) cut();
    },
    open,
    pass,
    async drain(...drained) {
      const waiting = () => drained.reduce((sum, { client }) => sum + client.status.unanswered, 0);
      for (let waited = 0; waiting() > 0; waited += STEP_MS) {
        if (waited > 60_000) throw new Error(`${waiting()} commands wait for ever`);
        await pass(STEP_MS);
      }
      await pass(STEP_MS); // and off the disk
    },
    async log(channel) {
      const page = await broker.read(channel, "start", { messages: 10_000, bytes: 10_000_000 });
      if (page.kind !== "messages") return [];
      return page.messages.map(({ payload }) => JSON.parse(String(payload.data)) as string);
    },
  };
}
