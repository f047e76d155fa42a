/** Who is in a channel, as components watch it. */
import type { PresentMember } from "../client/client-api.ts";
import { presence } from "../client/presence.ts";
import { type ChannelAddress, coreClientOf, type HooksClient, nameOf } from "./client-port.ts";
import { createCell, type Store, type StoreClock } from "./store.ts";

export type Members<State = unknown> = readonly PresentMember<State>[];

export const INITIAL_MEMBERS: Members<never> = [];

export interface PresenceStoreOptions {
  readonly client: HooksClient;
  readonly clock: StoreClock;
  readonly address: ChannelAddress;
}

export function openPresenceStore({ client, clock, address }: PresenceStoreOptions): Store<Members> {
  const here = presence(coreClientOf(client), nameOf(client, address));
  const close = here.on(() => cell.touch());
  const cell = createCell<Members>(clock, () => here.members);
  return { read: cell.read, watch: cell.watch, close };
}
