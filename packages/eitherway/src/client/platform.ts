/** The platform of the whole client: what all have in common, wake-ups, and a memory of networks. */
import type { ClientPlatform } from "./client.ts";
import { corePlatform } from "./core-platform.ts";
import { createNetworkMemory } from "./network-memory.ts";
import { webWakeups } from "./wakeups.ts";

export const webPlatform: Omit<ClientPlatform, "transports"> = {
  ...corePlatform,
  wakeups: webWakeups,
  createNetworkMemory: (url) => createNetworkMemory(url, () => localStorage),
};
