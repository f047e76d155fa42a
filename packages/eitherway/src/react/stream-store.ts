/** A stream as it comes, read from its start, whenever a component comes to it. */
import type { StreamSnapshot } from "../client/stream-content.ts";
import { readStream } from "../client/streams.ts";
import { coreClientOf, type HooksClient } from "./client-port.ts";
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
  readonly channel: string;
  readonly name: string;
}

export function openStreamStore({ client, clock, channel, name }: StreamStoreOptions): Store<StreamSnapshot> {
  const stream = readStream(coreClientOf(client), channel, name);
  const close = stream.on(() => cell.touch());
  const cell = createCell<StreamSnapshot>(clock, () => stream.snapshot);
  return { read: cell.read, watch: cell.watch, close };
}
