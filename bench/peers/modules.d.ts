/**
 * What the server programs use of peers, so that they are checked on a clone as well in which nobody has installed peers.
 * These words win over the packages' own types where those are there.
 */

declare module "socket.io" {
  interface Socket {
    join(rooms: readonly string[]): void | Promise<void>;
    on(event: "subscribe", listener: (channels: readonly string[], done: () => void) => void): void;
    on(
      event: "publish",
      listener: (channel: string, data: object, done: (answer: { id: string }) => void) => void,
    ): void;
  }

  export class Server {
    constructor(server: import("node:http").Server, options: object);
    readonly engine: { on(event: "connection", listener: (connection: { request: unknown }) => void): void };
    on(event: "connection", listener: (socket: Socket) => void): void;
    to(room: string): { emit(event: string, ...values: unknown[]): void };
  }
}

declare module "better-sse" {
  export interface Session {
    readonly isConnected: boolean;
  }

  export interface Channel {
    broadcast(data: unknown): void;
    register(session: Session): void;
  }

  export function createChannel(): Channel;
  export function createSession(
    request: import("node:http").IncomingMessage,
    response: import("node:http").ServerResponse,
    options: { keepAlive?: number },
  ): Promise<Session>;
}

declare module "socketcluster-server" {
  interface AgServer {
    readonly exchange: { transmitPublish(channel: string, data: unknown): Promise<void> };
    listener(event: "connection"): AsyncIterable<unknown>;
    listener(event: "ready"): { once(): Promise<unknown> };
  }

  const socketClusterServer: {
    attach(server: import("node:http").Server, options: { pingInterval?: number }): AgServer;
  };
  // biome-ignore lint/style/noDefaultExport: it is what the package has
  export default socketClusterServer;
}
