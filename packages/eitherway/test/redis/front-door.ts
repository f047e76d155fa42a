/** What stands in front of several nodes: hands each new connection to the next one that takes it. No stickiness, no state. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface FrontDoor {
  /** What a client connects to. */
  readonly url: string;
}

/** @param order the ports of the nodes, in the order in which the n-th connection tries them */
export async function openFrontDoor(order: (connection: number) => readonly number[]): Promise<FrontDoor> {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (client) => {
    keep(client);
    client.pause();
    void reach(order(connections++), client);
  });

  function keep(socket: Socket): void {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  }

  async function reach(ports: readonly number[], client: Socket): Promise<void> {
    for (const port of ports) {
      const node = connect({ port, host: "127.0.0.1", noDelay: true });
      keep(node);
      try {
        await once(node, "connect");
      } catch {
        continue; // killed: the next one
      }
      node.on("close", () => client.destroy());
      client.on("close", () => node.destroy());
      client.pipe(node).pipe(client);
      return;
    }
    client.destroy();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/eitherway` };
}
