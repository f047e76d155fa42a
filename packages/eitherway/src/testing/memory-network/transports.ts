/** The client's own transports, over a network in memory. */
import type { ClientTransport } from "../../client/transport.ts";
import { pollTransport } from "../../client/transports/poll.ts";
import { sseTransport } from "../../client/transports/sse.ts";
import { createWebSocketTransport } from "../../client/transports/websocket.ts";
import type { MemoryNetwork } from "./memory-network.ts";

/** Best first. The last two speak by the client's option `fetch`. */
export function transportsOver({ Socket }: Pick<MemoryNetwork, "Socket">): readonly ClientTransport[] {
  return [createWebSocketTransport(() => Socket), sseTransport, pollTransport];
}
