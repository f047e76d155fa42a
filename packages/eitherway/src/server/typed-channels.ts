/** What an application says of its channels, by the names and types of its contract. */
import type { ChannelTypes, Contract, Sent } from "../contract/index.ts";
import { readType } from "../contract/place.ts";
import type { Id } from "../protocol/index.ts";
import type { ChannelWish } from "./authorizers.ts";
import type { EitherwayParts } from "./eitherway.ts";
import type { EventsIn, ParamsIn, TypedPublishOptions, TypesOf } from "./typed-publish.ts";

/** One call of a client, as its handler gets it. */
export interface CallOf<Params, Events, Call> {
  /** What the schema made of what the caller gave. */
  readonly input: Handled<Call>;
  readonly params: Params;
  /** As the wire has it: `room/42`. */
  readonly channel: string;
  /** The caller's user id, where somebody has established one. */
  readonly user: string | undefined;
  /** The caller's client id, the same over all its links. */
  readonly client: string;
  /** Aborts when the call's time is over, and when the server ends: what the handler does from then on nobody hears of. */
  readonly signal: AbortSignal;
  /** Publishes on this channel, as `ew.publish` does. */
  publish<Event extends keyof Events & string>(
    event: Event,
    data: Sent<Events[Event]>,
    options?: TypedPublishOptions,
  ): Promise<{ readonly id: Id }>;
  /** Ends the call with an error of its contract: the caller gets `call-failed` with `details: { name, data }`. Throws. */
  fail<Name extends keyof Errors<Call> & string>(name: Name, data: Errors<Call>[Name]): never;
}

type Handled<Call> = Call extends { readonly handled: infer Input } ? Input : never;
type Errors<Call> = Call extends { readonly errors: infer Named } ? Named : never;
type Answered<Call> = Call extends { readonly answered: infer Answer } ? Answer : never;

export type CallHandlersOf<Params, Events, Calls> = {
  readonly [Name in keyof Calls]?: (call: CallOf<Params, Events, Calls[Name]>) => undefined extends Answered<
    Calls[Name]
  >
    ? unknown // nobody is told
    : Answered<Calls[Name]> | Promise<Answered<Calls[Name]>>;
};

type CallsIn<Channel> = TypesOf<Channel> extends { readonly calls: infer Calls } ? Calls : never;

export interface TypedChannels<Channels> {
  /**
   * Gives the calls of a channel their handlers. A call is started once for each key (P5), in the order its client sent them, and
   * nothing waits for its end; an error that is not of the contract is logged, and its caller learns no more than that it failed.
   *
   * @throws EitherwayError `unknown-channel` or `unknown-call` for a name that is not in the contract, `bad-request` for a call that has
   * a handler already
   * @example
   * ew.channel("room", {
   *   calls: {
   *     async send({ input, params, publish }) {
   *       return publish("message", input);
   *     },
   *   },
   * });
   */
  channel<Name extends keyof Channels & string>(
    name: Name,
    options: {
      /** Whether somebody may do something on such a channel, beside what the option of that name says of all. */
      readonly authorize?: (wish: ChannelWish<ParamsIn<Channels[Name]>>) => boolean | Promise<boolean>;
      readonly calls?: CallHandlersOf<ParamsIn<Channels[Name]>, EventsIn<Channels[Name]>, CallsIn<Channels[Name]>>;
    },
  ): void;
}

export function createTypedChannels<Channels extends ChannelTypes>(
  app: Contract<Channels>,
  { calls, authorizers }: Pick<EitherwayParts, "calls" | "authorizers">,
): TypedChannels<Channels> {
  return {
    channel(name, options) {
      const type = readType(app.channels, name);
      calls.register(name, type, options.calls ?? {});
      // Its parameters are those of the pattern that it is registered for.
      if (options.authorize) authorizers.register(name, type, options.authorize as (wish: ChannelWish) => boolean);
    },
  };
}
