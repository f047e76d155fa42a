/** An application's channels, described once for both ends. */
import { createLoops } from "../client/loops.ts";
import { OPEN_CLIENT, type Opener } from "../client/seam.ts";
import type { TypedChannel, TypedClient } from "../client/typed/typed-api.ts";
import { openTypedClient } from "../client/typed/typed-client.ts";
import type { ChannelType } from "./channel-type.ts";
import { readPlace } from "./place.ts";

export type ChannelTypes = Readonly<Record<string, ChannelType>>;

/** The handles of a contract's channels, by their names. */
export type HandlesOf<Channels> = {
  [Name in keyof Channels]: Channels[Name] extends ChannelType<
    infer Params,
    infer Events,
    infer Calls,
    infer Presence,
    infer Streams,
    infer Latest
  >
    ? TypedChannel<Params, Events, Calls, Presence, Streams, Latest>
    : never;
};

/** What `createClient` and `eitherway` take. */
export interface Contract<Channels> extends Opener<TypedClient<HandlesOf<Channels>>> {
  readonly channels: Channels;
}

/**
 * Describes an application: each channel under the name by which both ends speak of it.
 *
 * @example
 * export const app = contract({
 *   room: channel("room/:id", { events: { message: z.object({ text: z.string() }) } }),
 * });
 *
 * What is wrong with a description is said by `eitherway(app)`, so that no client carries the checks.
 */
export function contract<const Channels extends ChannelTypes>(channels: Channels): Contract<Channels> {
  return {
    channels,
    [OPEN_CLIENT]: {
      createLoops,
      open: (seam) => openTypedClient(seam, (name, args) => readPlace(channels, name, args)),
    },
  };
}

export function isContract(value: unknown): value is Contract<ChannelTypes> {
  return typeof value === "object" && value !== null && OPEN_CLIENT in value;
}
