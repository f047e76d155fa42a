/** A request through the memory network, and the answer as it comes. */
import { createMemoryExchange, type MemoryExchange } from "../memory-exchange.ts";
import {
  arrive,
  type Connection,
  createConnection,
  createWire,
  HOST_HEADERS,
  handle,
  type Surroundings,
} from "./connection.ts";
import { type NetworkPath, PATHS } from "./ways.ts";

const MS_PER_SECOND = 1_000;

/** How the promise of `fetch` is kept, or broken. */
export interface Answer {
  resolve(response: Response): void;
  reject(error: Error): void;
}

/** @param target the path below the base path, and the query */
export function openRequest(target: string, init: RequestInit, answer: Answer, around: Surroundings): Connection {
  const { method = "GET", body, signal } = init;
  const [door = "", query = ""] = target.split("?");
  const path = pathOf(door);
  const wire = createWire(path, around);
  const { up, down } = wire;
  let server: MemoryExchange | undefined;
  let answered = false;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  function fail(message: string): void {
    if (!wire.clientHasIt) return;
    wire.clientHasIt = false;
    const error = new TypeError("fetch failed", { cause: new Error(message) });
    answer.reject(error);
    controller?.error(error);
  }

  function ended(): void {
    if (!wire.clientHasIt) return;
    wire.clientHasIt = false;
    controller?.close();
  }

  function pump(): boolean {
    if (server?.state === "cut" && !server.answer) wire.serverEnded = true; // given up before there was an answer
    if (!server?.answer) return false;
    let moved = false;
    if (!answered) {
      answered = moved = true;
      const { status, headers } = server.answer;
      const readable = new ReadableStream<Uint8Array>({
        start(created) {
          controller = created;
        },
      });
      const response = new Response(readable, { status, headers: { ...headers } });
      down.send(1, () => answer.resolve(response)); // a byte: what holds back everything holds back this
    }
    const bytes = server.read();
    const half = Math.ceil(bytes.length / 2);
    for (const part of [bytes.subarray(0, half), bytes.subarray(half)]) {
      if (part.length === 0) continue;
      moved = true;
      down.send(part.length, () => {
        if (wire.clientHasIt) controller?.enqueue(part); // pieces end anywhere
      });
    }
    if (server.state === "ended" || server.state === "cut") {
      wire.serverEnded = moved = true;
      down.end(server.state === "ended" ? ended : () => fail("the server cut the connection"));
    }
    return moved;
  }

  const connection = createConnection(path, wire, {
    server: () => server,
    pump,
    lost: () => fail("the connection was cut"),
  });

  signal?.addEventListener("abort", () => {
    fail("aborted");
    down.die();
    up.send(0, () => server?.cut()); // behind what was sent before: the server may have got that
  });

  const { reach, retrySeconds } = around.weather(path);
  if (reach === "open") {
    up.send(0, () =>
      arrive(connection, around, () => {
        const request = { method, path: door, query, headers: HOST_HEADERS, body: String(body ?? "") };
        server = createMemoryExchange(request, around);
        handle(around, server.exchange);
      }),
    );
  } else wire.serverEnded = true;
  if (reach === "refused") down.end(() => fail("the connection was refused"));
  if (reach === "busy") {
    down.end(() => {
      if (!wire.clientHasIt) return;
      wire.clientHasIt = false;
      around.busy(path, retrySeconds * MS_PER_SECOND);
      answer.resolve(new Response("busy", { status: 503, headers: { "retry-after": String(retrySeconds) } }));
    });
  }
  return connection;
}

/** The doors of streams and polls are ways of their own; behind all others an answer comes at once. */
function pathOf(door: string): NetworkPath {
  const name = door.slice(1);
  return PATHS.find((path) => path === name) ?? "commands";
}
