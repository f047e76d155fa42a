/** Publishing by the names of a contract in place of those of the wire. */
import type { ChannelTypes, Contract, Sent } from "../contract/index.ts";
import { readPlace } from "../contract/place.ts";
import type { Id } from "../protocol/index.ts";
import type { Eitherway } from "./eitherway.ts";

export type TypesOf<Channel> = Channel extends { readonly types?: infer Types } ? NonNullable<Types> : never;
export type ParamsIn<Channel> = TypesOf<Channel> extends { readonly params: infer Params } ? Params : never;
export type EventsIn<Channel> = TypesOf<Channel> extends { readonly events: infer Events } ? Events : never;
type EventName<Channel> = keyof EventsIn<Channel> & string;

/** Names of the channels that have parameters, and of those that have none. */
export type WithParams<Channels> = {
  [Name in keyof Channels]: keyof ParamsIn<Channels[Name]> extends never ? never : Name;
}[keyof Channels] &
  string;
export type WithoutParams<Channels> = Exclude<keyof Channels & string, WithParams<Channels>>;

export interface TypedPublishOptions {
  /** Idempotency key: a second publish with it inside the key window appends nothing and gets the first id (P5). */
  readonly key?: string | undefined;
  /** The user whose message it is, for `meta.from`: 1 to 128 characters. Default: nobody's. */
  readonly from?: string | undefined;
}

export interface TypedPublish<Channels> {
  /**
   * Appends a message of one event; when it resolves, the message is kept (P4). A volatile one is told to who listens, and its id is empty.
   *
   * @throws EitherwayError `invalid` where the event's schema refuses the data, unless `validatePublishes` is off; see `publish` without
   * a contract for the rest
   * @example
   * await ew.publish("room", { id: "42" }, "message", { text: "hi" }, { key: "order-991" });
   */
  publish<Name extends WithParams<Channels>, Event extends EventName<Channels[Name]>>(
    name: Name,
    params: ParamsIn<Channels[Name]>,
    event: Event,
    data: Sent<EventsIn<Channels[Name]>[Event]>,
    options?: TypedPublishOptions,
  ): Promise<{ readonly id: Id }>;
  publish<Name extends WithoutParams<Channels>, Event extends EventName<Channels[Name]>>(
    name: Name,
    event: Event,
    data: Sent<EventsIn<Channels[Name]>[Event]>,
    options?: TypedPublishOptions,
  ): Promise<{ readonly id: Id }>;
}

/** @param publish of the wire's names */
export function createTypedPublish<Channels extends ChannelTypes>(
  app: Contract<Channels>,
  publish: Eitherway["publish"],
): TypedPublish<Channels> {
  async function typed(name: string, ...args: readonly unknown[]): Promise<{ readonly id: Id }> {
    const { channel, rest } = readPlace(app.channels, name, args);
    const [event, data, options] = rest as [string, unknown, TypedPublishOptions | undefined];
    return publish(channel, data, { ...options, event });
  }
  return { publish: typed };
}
