/** `fetch` to a whole server without sockets, over a network that can be cut, stalled and switched off. */
import { onTestFinished, vi } from "vitest";
import type { ChannelTypes, Contract } from "../../../src/contract/index.ts";
import { createEitherway, type EitherwayOptions } from "../../../src/server/index.ts";
import { createMemoryExchange, type FakeClock, type MemoryExchange } from "../../../src/testing/index.ts";
import { witnessed } from "../../support/witness.ts";

export const URL_OF_SERVER = "http://127.0.0.1/eitherway";

interface Request {
  readonly door: string;
  readonly exchange: MemoryExchange;
  fail(): void;
  /** Hands on what arrived; says whether anything did. */
  pump(): boolean;
  over: boolean;
  stalled: boolean;
}

/** Replaces `fetch` until the test is over. */
export function createNetwork(clock: FakeClock, options: EitherwayOptions, app?: Contract<ChannelTypes>) {
  const logger = witnessed();
  const start = () => createEitherway({ clock, random: () => 0.5, logger }, options, app);
  let server = start();
  const requests: Record<string, number> = {};
  let open: Request[] = [];
  let on = true;
  /** Something on the way says 503, and this many seconds. */
  let busy: number | undefined;
  let asked = 0;

  const fake = (url: string, { body, signal }: { body: string; signal: AbortSignal }): Promise<Response> =>
    new Promise((resolve, reject) => {
      const path = url.slice(URL_OF_SERVER.length);
      const door = path.slice(1);
      requests[door] = (requests[door] ?? 0) + 1;
      asked++;
      if (!on) {
        reject(new TypeError("the network is off"));
        return;
      }
      if (busy !== undefined) {
        resolve(new Response("", { status: 503, headers: { "retry-after": String(busy) } }));
        return;
      }
      const headers = { host: "127.0.0.1" };
      const exchange = createMemoryExchange({ method: "POST", path, headers, body }, { clock });
      const request = createRequest(door, exchange, resolve, reject);
      open.push(request);
      signal.addEventListener("abort", () => request.fail());
      void server.handler.handle(exchange.exchange);
    });
  vi.stubGlobal("fetch", fake);
  onTestFinished(() => void vi.unstubAllGlobals());

  return {
    get server() {
      return server;
    },
    requests,
    get asked() {
      return asked;
    },
    setBusy(seconds: number | undefined) {
      busy = seconds;
    },
    get open() {
      return open.filter(({ over, door }) => !over && door !== "commands").map(({ door }) => door);
    },
    pump(): boolean {
      const moved = open.map((request) => request.pump());
      open = open.filter(({ over }) => !over);
      return moved.includes(true);
    },
    cutAll() {
      for (const request of open) request.fail();
    },
    /** What is under way stays so for ever. */
    stall() {
      for (const request of open) request.stalled = true;
    },
    restart() {
      clock.advance(1); // another millisecond is another epoch
      for (const request of open) request.fail();
      server = start();
    },
    set(next: boolean) {
      on = next;
      if (!on) for (const request of open) request.fail();
    },
  };
}

function createRequest(
  door: string,
  exchange: MemoryExchange,
  resolve: (response: Response) => void,
  reject: (reason: Error) => void,
): Request {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const request: Request = {
    door,
    exchange,
    over: false,
    stalled: false,
    fail() {
      if (request.over) return;
      request.over = true;
      exchange.cut();
      reject(new TypeError("the connection was cut"));
      controller?.error(new TypeError("the connection was cut"));
    },
    pump() {
      if (request.over || request.stalled || !exchange.answer) return false;
      const fresh = !controller;
      if (!controller) {
        const { status, headers } = exchange.answer;
        const readable = new ReadableStream<Uint8Array>({
          start(created) {
            controller = created;
          },
        });
        resolve(new Response(readable, { status, headers: headers as Record<string, string> }));
      }
      const bytes = exchange.read();
      if (bytes.length > 0) controller?.enqueue(bytes);
      if (exchange.state === "ended") {
        request.over = true;
        controller?.close();
      } else if (exchange.state === "cut") request.fail();
      return fresh || bytes.length > 0 || request.over;
    },
  };
  return request;
}
