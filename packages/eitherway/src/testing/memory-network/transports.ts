/** The client's own transports, over a network in memory. */
import type { ClientTransport } from "../../client/transport.ts";
import { pollTransport } from "../../client/transports/poll.ts";
import { sseTransport } from "../../client/transports/sse.ts";
import { createWebSocketTransport } from "../../client/transports/websocket.ts";
import type { MemoryNetwork } from "./memory-network.ts";

/** Best first. */
export function transportsOver({ Socket, fetch }: MemoryNetwork): readonly ClientTransport[] {
  const over = (transport: ClientTransport): ClientTransport => ({
    ...transport,
    open: (to, events) => transport.open({ ...to, fetch }, events),
  });
  return [createWebSocketTransport(() => Socket), over(sseTransport), over(pollTransport)];
}
