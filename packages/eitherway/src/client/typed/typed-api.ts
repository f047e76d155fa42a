/** What an application sees of the client of a contract. Its types are plain ones: what hovering shows is what a program works with. */
import type { EitherwayError, Id } from "../../protocol/index.ts";
import type { ChannelOptions, Client, Gap, MessageMeta } from "../client-api.ts";
import type { Undo } from "../ports.ts";
import type { StreamReader } from "../streams.ts";
import type { CallOptions } from "./calls.ts";
import type { Presence as ChannelPresence } from "./presence.ts";

/** Where a schema makes something else of its input: `Sent` is given, `Got` arrives. */
export interface Transformed<Sent, Got> {
  readonly sent: Sent;
  readonly got: Got;
}

/** What is given for an event or a state. */
export type Sent<Data> = Data extends Transformed<infer Given, unknown> ? Given : Data;

/** What arrives of it. */
export type Got<Data> = Data extends Transformed<unknown, infer Arrived> ? Arrived : Data;

/** The client of a contract: `createClient(app, options)`. */
export interface TypedClient<Channels> extends Omit<Client, "channel"> {
  /**
   * A handle of a channel: its name in the contract, its parameters if it has any. Nothing is sent before its first `on`, iteration or
   * `publish`; handles of one channel share one subscription.
   *
   * @throws EitherwayError `bad-channel` for parameters that make no legal name, `unknown-channel` for a name that is not in the contract
   */
  channel<Name extends keyof Channels & string>(name: Name, ...args: ChannelArgs<Channels[Name]>): Channels[Name];
}

type ChannelArgs<Handle> = Handle extends { readonly params: infer Params }
  ? keyof Params extends never
    ? [options?: ChannelOptions]
    : [params: Params, options?: ChannelOptions]
  : never;

/** A channel of a contract. */
export interface TypedChannel<Params, Events, Calls, Presence, Streams, Latest extends string> {
  /** As the wire has it: `room/42`. */
  readonly name: string;
  readonly params: Params;
  /** See `Channel.cursor`. */
  readonly cursor: "now" | "start" | Id;

  /** Every message of one event, once, in order (P1, P2). See `Channel.on`. */
  on<Event extends keyof Events & string>(
    event: Event,
    listener: (data: Got<Events[Event]>, meta: MessageMeta) => unknown,
  ): Undo;
  /** Continuity was lost; the subscription goes on at `head`. */
  on(event: "gap", listener: (gap: Gap) => unknown): Undo;
  /** The subscription reached the newest message. */
  on(event: "live", listener: (id: Id) => unknown): Undo;
  /** The server refused this subscription. */
  on(event: "error", listener: (error: EitherwayError) => unknown): Undo;

  /**
   * Resolves with the id once the message is stored (P4), or with an empty one, at once, for a volatile one: that is told or dropped in
   * this moment, see `Channel.announce`. See `Channel.publish`.
   *
   * @throws EitherwayError (as a rejection) `invalid`, with `details.issues`, where the server's validator refuses it
   */
  publish<Event extends keyof Events & string>(
    event: Event,
    data: Sent<Events[Event]>,
    options?: TypedPublishOptions,
  ): Promise<{ readonly id: Id }>;

  /**
   * What a value of a `latest` event is the newest one of, by the contract.
   *
   * @example
   * prices.on("tick", (tick) => rows.set(prices.keyOf("tick", tick), tick));
   *
   * @throws EitherwayError `unknown-event` for one that is not `latest`
   */
  keyOf<Event extends Latest>(event: Event, data: Event extends keyof Events ? Got<Events[Event]> : never): string;

  /**
   * Calls the application, one method for each call of the contract: resolves with the answer. Keyed, queued while offline, sent again
   * after a cut and started once (P5); it ends with the page.
   *
   * @throws EitherwayError (as a rejection) `call-failed`, with `details` `{ name, data }` where the handler failed with an error of the
   * contract; `invalid`, with `details.issues`, where the schema of the input refuses it; `call-timeout`, `outcome-unknown`, ...
   * @example
   * const { id } = await room.call.send({ text: "hi" });
   */
  readonly call: CallMethods<Calls>;

  /** Who is here, and being here oneself (P8). `undefined` where the contract describes no presence of this channel. */
  readonly presence: Presence extends undefined ? undefined : TypedPresence<Presence>;

  /**
   * Reads a stream of the contract: whole, from its start, whenever one comes to it.
   *
   * @example
   * for await (const chunk of job.stream("answer")) page.append(chunk);
   */
  stream<Name extends keyof Streams & string>(
    name: Name,
  ): StreamReader<Streams[Name] extends "bytes" ? Uint8Array : string>;

  /** Every message as it is pulled, of whatever event: `for await (const { event, data } of room)`. */
  [Symbol.asyncIterator](): AsyncIterator<TypedMessage<Events>, undefined, undefined>;
}

/** Presence whose state has the type of the contract. */
export interface TypedPresence<State> extends Omit<ChannelPresence<Got<State>>, "set"> {
  /** See `Presence.set`. */
  set(state: Sent<State>): Promise<void>;
}

export type CallMethods<Calls> = {
  readonly [Name in keyof Calls]: Calls[Name] extends { readonly input: infer Input; readonly answer: infer Answer }
    ? CallMethod<Input, Answer>
    : never;
};

/** A call without an input may be called with nothing. */
export type CallMethod<Input, Answer> = undefined extends Input
  ? (input?: Input, options?: TypedCallOptions) => Promise<Answer>
  : (input: Input, options?: TypedCallOptions) => Promise<Answer>;

export type TypedCallOptions = Omit<CallOptions, "kind">;

export interface TypedPublishOptions {
  /** Your own idempotency key, at most 128 bytes; default a counted one. */
  readonly key?: string;
  /** Gives up. Before it was sent nothing happens; afterwards the rejection is `outcome-unknown`. */
  readonly signal?: AbortSignal;
}

/** A message in a `for await` loop. */
export type TypedMessage<Events> = {
  [Event in keyof Events & string]: {
    readonly event: Event;
    readonly data: Got<Events[Event]>;
    readonly meta: MessageMeta;
  };
}[keyof Events & string];
