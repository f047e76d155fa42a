/** A whole server without sockets: what a page, a program or `curl` asks, and what it is told. */
import type { HttpAnswer, UpgradeExchange } from "../../src/core/index.ts";
import { SUBPROTOCOLS } from "../../src/protocol/index.ts";
import { createEitherway, type EitherwayOptions, type EitherwayParts } from "../../src/server/index.ts";
import {
  createFakeClock,
  createMemoryExchange,
  createMemorySocket,
  type FakeClock,
  type MemoryExchange,
  type MemoryRequest,
  type MemorySocket,
} from "../../src/testing/index.ts";
import { witness, witnessed } from "../support/witness.ts";

export interface TestServer extends EitherwayParts {
  readonly clock: FakeClock;
  /** What was logged as a warning or an error. */
  readonly log: string[];
  /** Asks and waits until nothing more happens in this moment. `host` is localhost:8000 where the headers name none. */
  ask(request: MemoryRequest): Promise<Asked>;
  /** A WebSocket handshake. */
  upgrade(headers?: Readonly<Record<string, string>>, more?: Partial<UpgradeExchange>): Promise<MemorySocket>;
  /** The counters that are not 0 and start so. */
  counters(prefix: string): Record<string, number>;
}

export interface Asked {
  readonly client: MemoryExchange;
  readonly status: number;
  readonly headers: HttpAnswer["headers"];
  /** The body so far. */
  readonly text: string;
  /** The code of an error answer. */
  readonly code: string | undefined;
}

const HOST = { host: "localhost:8000" };

export function createTestServer(options: EitherwayOptions = {}, clock = createFakeClock()): TestServer {
  const log: string[] = [];
  const write = (event: string, fields?: unknown): void => void log.push(`${event} ${JSON.stringify(fields)}`);
  const parts = createEitherway(
    { clock, random: () => 0.5, logger: witnessed({ warn: write, error: write }) },
    options,
  );
  return {
    ...parts,
    clock,
    log,
    async ask(request) {
      const client = createMemoryExchange({ ...request, headers: { ...HOST, ...request.headers } }, { clock });
      const handled = parts.handler.handle(client.exchange);
      await clock.settle();
      if (client.state === "waiting") clock.advance(HELD_MS);
      await clock.settle();
      const { status, headers } = client.answer ?? { status: 0, headers: {} };
      if (status > 0) await handled;
      const text = client.readText();
      const code = status >= 400 ? (JSON.parse(text) as { error: { code: string } }).error.code : undefined;
      if (code !== undefined) witness("error", text);
      return { client, status, headers, text, code };
    },
    async upgrade(headers = {}, more = {}) {
      const protocols = [SUBPROTOCOLS.json];
      const socket = createMemorySocket({ headers: { ...HOST, ...headers }, protocols, ...more }, { clock });
      parts.handler.upgrade(socket.request);
      await clock.settle();
      return socket;
    },
    counters(prefix) {
      const { counters } = parts.eitherway.stats();
      return Object.fromEntries(Object.entries(counters).filter(([name]) => name.startsWith(prefix)));
    },
  };
}

/** Longer than the event stream door holds its answer back for an error. */
const HELD_MS = 500;
