/** A WebSocket through the memory network. */
import type { Socket } from "../../client/transports/websocket.ts";
import { createMemorySocket, type MemorySocket } from "../memory-socket.ts";
import {
  arrive,
  type Connection,
  createConnection,
  createWire,
  HOST_HEADERS,
  type Surroundings,
} from "./connection.ts";

export interface OpenSocket {
  readonly connection: Connection;
  send(data: string | Uint8Array): void;
  close(): void;
}

/** RFC 6455 section 7.1.5: no close frame came. */
const NO_CLOSE_FRAME = 1006;
/** What the handshake takes of the bytes that a proxy lets through. */
const HANDSHAKE_BYTES = 100;

export function openSocket(client: Socket, protocols: readonly string[], around: Surroundings): OpenSocket {
  const wire = createWire("websocket", around);
  const { up, down } = wire;
  let server: MemorySocket | undefined;
  let accepted = false;

  function closed(code: number, reason: string): void {
    wire.clientHasIt = false;
    client.onclose?.({ code, reason });
  }

  function pump(): boolean {
    if (!server) return false;
    let moved = false;
    if (server.protocol !== undefined && !accepted) {
      accepted = moved = true;
      down.send(HANDSHAKE_BYTES, () => client.onopen?.({}));
    }
    for (const message of server.read()) {
      moved = true;
      const data = typeof message === "string" ? message : message.slice().buffer;
      down.send(message.length, () => client.onmessage?.({ data })); // also after close(), as some sockets do
    }
    if (server.closed || server.refusal) {
      wire.serverEnded = moved = true;
      const { number = NO_CLOSE_FRAME, reason = "" } = server.closed ?? {};
      down.end(() => closed(number, reason));
    }
    return moved;
  }

  const connection = createConnection("websocket", wire, {
    server: () => server,
    pump,
    lost: () => closed(NO_CLOSE_FRAME, ""),
  });

  const { reach } = around.weather("websocket");
  if (reach === "open") {
    up.send(0, () =>
      arrive(connection, around, () => {
        server = createMemorySocket({ protocols, headers: HOST_HEADERS }, around);
        around.handler().upgrade(server.request);
      }),
    );
  } else wire.serverEnded = true;
  if (reach === "refused" || reach === "busy") down.end(() => closed(NO_CLOSE_FRAME, "")); // browsers do not tell these apart

  return {
    connection,
    send: (data) => up.send(0, () => server?.send(data)),
    close() {
      wire.clientHasIt = false;
      up.send(0, () => server?.close());
    },
  };
}
