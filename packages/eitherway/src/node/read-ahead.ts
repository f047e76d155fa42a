/**
 * Takes WebSocket handshakes ahead of `node:http`, which makes a parser, a request and a dozen listeners for each. A connection whose
 * first bytes are anything else goes on to `node:http` with all of them.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { readHandshake } from "./handshake-reader.ts";
import type { UpgradeDoor } from "./upgrade-door.ts";

/**
 * Milliseconds for the first bytes, at least: a slow round trip; at most twice that. Then the connection goes on to `node:http`, whose
 * deadline for a head begins (P6). A head that comes in pieces goes on with the first one.
 */
const FIRST_BYTES_MS = 1_000;

const NOTHING = Buffer.alloc(0);

/** @param server nobody else's, and no listener of ours for its connections is there yet */
export function readAhead(server: Server, door: UpgradeDoor): void {
  const nodes = server.listeners("connection");
  /** Connections that have said nothing yet. Two sets and one timer, since a timer for each would cost 3 % of a link. */
  let waiting = new Set<Socket>();
  let waitingLong = new Set<Socket>();
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    waiting.add(socket);
    socket.on("data", onFirstBytes);
    socket.on("error", ignore);
  });
  const looking = setInterval(look, FIRST_BYTES_MS).unref();
  server.on("close", () => clearInterval(looking));

  function look(): void {
    const silent = waitingLong;
    waitingLong = waiting;
    waiting = new Set();
    for (const socket of silent) {
      if (socket.readableEnded)
        socket.end(); // a client that had nothing to say: `node:http` hangs up then as well
      else if (!socket.destroyed) passOn(socket);
    }
  }

  function onFirstBytes(this: Socket, chunk: Buffer): void {
    if (!waiting.delete(this)) waitingLong.delete(this);
    this.off("data", onFirstBytes);
    if (isTaken(this, chunk)) return;
    this.pause();
    this.unshift(chunk);
    passOn(this);
  }

  function isTaken(socket: Socket, chunk: Buffer): boolean {
    const read = readHandshake(chunk);
    if (read === undefined) return false;
    const { url, headers, length } = read;
    const head = length === chunk.length ? NOTHING : chunk.subarray(length);
    if (head.length > 0) socket.pause(); // it is put back, and waits there for who listens
    if (!door({ method: "GET", url, headers, socket }, socket, head)) return false;
    if (socket.listenerCount("data") === 0) socket.pause(); // nobody listens yet
    return true;
  }

  function passOn(socket: Socket): void {
    socket.off("data", onFirstBytes);
    socket.off("error", ignore);
    for (const listener of nodes) listener.call(server, socket);
    socket.resume();
  }
}

/** The news also comes as `close`. */
function ignore(): void {}
