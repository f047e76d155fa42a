/** Hubs on the platform of browsers. Loaded where a hub lives: by the worker, or by the tab that leads. */
import { webPlatform } from "../platform.ts";
import { pollTransport } from "../transports/poll.ts";
import { sseTransport } from "../transports/sse.ts";
import { createHubHost, type HubHost } from "./hub-host.ts";

export function createWebHubHost(): HubHost {
  // No WebSocket: tabs try that one themselves, and before they look for a hub.
  return createHubHost({
    ...webPlatform,
    transports: [sseTransport, pollTransport],
    createId: webPlatform.createClientId,
  });
}
