/** A server by the names of a contract in place of those of the wire. */
import type { ChannelTypes, Contract } from "../contract/index.ts";
import type { Eitherway, EitherwayParts } from "./eitherway.ts";
import { createTypedChannels, type TypedChannels } from "./typed-channels.ts";
import { createTypedParts, type TypedParts } from "./typed-parts.ts";
import { createTypedPublish, type TypedPublish } from "./typed-publish.ts";

/** What a contract gives every server, whatever its host. */
export interface TypedServer<Channels> extends TypedPublish<Channels>, TypedChannels<Channels>, TypedParts<Channels> {}

export function withContract<Channels extends ChannelTypes, Server extends Eitherway>(
  app: Contract<Channels>,
  server: Server,
  parts: Pick<EitherwayParts, "calls" | "authorizers">,
): Omit<Server, keyof TypedServer<Channels>> & TypedServer<Channels> {
  return {
    ...server,
    ...createTypedPublish<Channels>(app, server.publish),
    ...createTypedChannels<Channels>(app, parts),
    ...createTypedParts<Channels>(app, server),
  };
}
