/** Opens the client of a contract over the untyped one. What it knows of the contract are a few facts of each channel. */
import type { ChannelOptions } from "../client-api.ts";
import type { ClientSeam } from "../seam.ts";
import type { TypedClient } from "./typed-api.ts";
import { type ChannelFacts, createTypedChannel } from "./typed-channel.ts";

/** @param find throws `unknown-channel` or `bad-channel` */
export function openTypedClient<Channels>(
  seam: ClientSeam,
  find: (name: string, args: readonly unknown[]) => ChannelFacts,
): TypedClient<Channels> {
  function channel(name: string, ...args: readonly unknown[]): object {
    const facts = find(name, args);
    return createTypedChannel(seam, facts, facts.rest[0] as ChannelOptions | undefined);
  }

  // By its descriptors, since a copy would have the status of this moment for ever.
  const own = Object.getOwnPropertyDescriptors(seam.client);
  return Object.defineProperties(
    {},
    { ...own, channel: { value: channel, enumerable: true } },
  ) as TypedClient<Channels>;
}
