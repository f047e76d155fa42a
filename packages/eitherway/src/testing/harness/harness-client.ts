/** A client of a harness: the real one with its real transports, on a device of its own. */
import { createSeamOn } from "../../client/client.ts";
import type { Client } from "../../client/client-api.ts";
import type { DeviceEvents } from "../../client/ports.ts";
import { type Opener, openClient } from "../../client/seam.ts";
import type { Random } from "../../core/index.ts";
import { type MemoryNetwork, NETWORK_URL } from "../memory-network/memory-network.ts";
import { transportsOver } from "../memory-network/transports.ts";
import type { HarnessClientOptions, HarnessClock } from "./harness-api.ts";
import type { Line } from "./harness-network.ts";

/** A client as a harness knows it. */
export interface Device extends Line {
  readonly id: string;
  /** What the test has of it: the client of the contract, where there is one. */
  readonly client: Pick<Client, "status" | "close">;
}

export interface DeviceOptions {
  readonly id: string;
  readonly options: HarnessClientOptions;
  readonly app: Opener<unknown> | undefined;
  readonly network: MemoryNetwork;
  readonly clock: HarnessClock;
  readonly random: Random;
  /** A channel was asked for: its handle. */
  opened(handle: object): void;
}

export function createDevice({ id, options, app, network, clock, random, opened }: DeviceOptions): Device {
  let remembered: string | undefined;
  let events: DeviceEvents | undefined;
  const platform = {
    ...{ clock, random, baseUrl: undefined },
    transports: transportsOver(network),
    wakeups(device: DeviceEvents) {
      events = device;
      return () => {
        events = undefined;
      };
    },
    createNetworkMemory: () => ({
      recall: () => remembered,
      remember(transport: string) {
        remembered = transport;
      },
    }),
    createClientId: () => id,
  };
  const create = (all: typeof options & { readonly url: string }) => createSeamOn(platform, all);
  const all = { ...options, url: NETWORK_URL, fetch: network.fetch };
  const client = (app ? openClient(app, all, create) : create(all).client) as Client;
  return { id, network, device: { woken: () => events?.woken() }, client: watched(client, opened) };
}

/** By its descriptors, since a copy would have the status of this moment for ever. */
function watched(client: Client, opened: (handle: object) => void): Client {
  function channel(...args: Parameters<Client["channel"]>): object {
    const handle = client.channel(...args);
    opened(handle);
    return handle;
  }
  const own = Object.getOwnPropertyDescriptors(client);
  return Object.defineProperties({}, { ...own, channel: { value: channel, enumerable: true } }) as Client;
}
