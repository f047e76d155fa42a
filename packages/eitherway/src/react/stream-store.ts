/** A stream as it comes, read from its start, whenever a component comes to it. */
import type { StreamSnapshot } from "../client/stream-content.ts";
import { type ChannelAddress, type HooksClient, openStream } from "./client-port.ts";
import { createCell, type Store, type StoreClock } from "./store.ts";

export const INITIAL_STREAM: StreamSnapshot<never> = {
  state: "waiting",
  chunks: [],
  text: "",
  error: undefined,
  restarts: 0,
};

export interface StreamStoreOptions {
  readonly client: HooksClient;
  readonly clock: StoreClock;
  readonly address: ChannelAddress;
  readonly name: string;
}

export function openStreamStore({ client, clock, address, name }: StreamStoreOptions): Store<StreamSnapshot> {
  const stream = openStream(client, address, name);
  const close = stream.on(() => cell.touch());
  const cell = createCell<StreamSnapshot>(clock, () => stream.snapshot);
  return { read: cell.read, watch: cell.watch, close };
}
