/** Hubs on the platform of browsers. Loaded where a hub lives: by the worker, or by the tab that leads. */
import { createNetworkMemory } from "../network-memory.ts";
import { webPlatform } from "../platform.ts";
import { pollTransport } from "../transports/poll.ts";
import { sseTransport } from "../transports/sse.ts";
import { createHubHost, type HubHost } from "./hub-host.ts";

export function createWebHubHost(): HubHost {
  // No WebSocket: tabs try that one themselves, and before they look for a hub.
  return createHubHost({
    ...webPlatform,
    // A memory of its own: what the hub is connected by is not what its tabs should try first.
    createNetworkMemory: (url) => createNetworkMemory(`${url} hub`),
    transports: [sseTransport, pollTransport],
    createId: webPlatform.createClientId,
  });
}
