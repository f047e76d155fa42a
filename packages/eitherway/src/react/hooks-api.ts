/** The types of the hooks: with a contract each name, parameter and value is checked; without one channels go by their names. */
import type { FunctionComponent, ReactNode } from "react";
import type { Status } from "../client/client-api.ts";
import type { StreamChunk, StreamSnapshot } from "../client/stream-content.ts";
import type { Got, TypedChannel } from "../client/typed/typed-api.ts";
import type { CallsView } from "./calls-store.ts";
import type { EventsOptions, EventsView } from "./events-store.ts";
import type { LatestView } from "./latest-store.ts";
import type { Members } from "./presence-store.ts";
import type { Equals } from "./use-source.ts";

export interface ProviderProps<Client> {
  /** Another client for the hooks below, such as one of a test. Default: the client of `createHooks`. */
  readonly client?: Client;
  readonly children?: ReactNode;
}

export interface SelectOptions<Selected> {
  /** Whether two selected values are the same, so that nothing renders. Default `Object.is`. */
  readonly equals?: Equals<Selected>;
}

/** What does not depend on channels. */
export interface CommonHooks<Client> {
  /** Gives the hooks below it another client. Without one around them they use that of `createHooks`. */
  readonly Provider: FunctionComponent<ProviderProps<Client>>;

  /** What is going on with the client; on a server, and while a page is hydrated, that of a client with nothing to do. */
  useStatus(): Status;
  /** Of the status what `select` takes: renders again only when that changes. */
  useStatus<Selected>(select: (status: Status) => Selected, options?: SelectOptions<Selected>): Selected;
}

export interface KeyOptions<Data> {
  /** What tells values apart, such as `(tick) => tick.symbol`. It has to give the same for equal data, whichever function it is. */
  readonly key: (data: Data) => string;
}

/** Hooks of a client without a contract. */
export interface Hooks<Client> extends CommonHooks<Client> {
  /** The newest messages of a channel as a list. Without `event` those of all events. */
  useEvents<Data = unknown>(channel: string, event?: string, options?: EventsOptions): EventsView<Data>;

  /** The newest value of each key, beginning with what the log has. */
  useLatest<Data = unknown>(channel: string, event: string, options: KeyOptions<Data>): LatestView<Data>;

  /** A stream from its start as far as it has come, and how it stands. Renders at most once a frame. */
  useStream<Chunk extends StreamChunk = string>(channel: string, name: string): StreamSnapshot<Chunk>;

  /** Who is in a channel; nobody before it is known. */
  usePresence<State = unknown>(channel: string): Members<State>;
  /** Of the members what `select` takes: renders again only when that changes. */
  usePresence<State, Selected>(
    channel: string,
    select: (members: Members<State>) => Selected,
    options?: SelectOptions<Selected>,
  ): Selected;
}

/** Hooks of a client with a contract. */
export interface TypedHooks<Client, Channels> extends CommonHooks<Client> {
  /** The newest messages of one event as a list. */
  useEvents<Name extends keyof Channels & string, Event extends EventName<Channels[Name]>>(
    channel: Name,
    ...args: [...Address<Channels[Name]>, event: Event, options?: EventsOptions]
  ): EventsView<EventData<Channels[Name], Event>>;

  /** The newest value of each key of a `latest` event, beginning with what the log has. The contract says what the key is. */
  useLatest<Name extends keyof Channels & string, Event extends LatestName<Channels[Name]>>(
    channel: Name,
    ...args: [...Address<Channels[Name]>, event: Event]
  ): LatestView<EventData<Channels[Name], Event>>;

  /** Calls the application: each component has its own calls. */
  useCall<Name extends keyof Channels & string, Call extends CallName<Channels[Name]>, Shown = never>(
    channel: Name,
    ...args: [
      ...Address<Channels[Name]>,
      call: Call,
      options?: UseCallOptions<CallInput<CallsOf<Channels[Name]>[Call]>, Shown>,
    ]
  ): CallView<CallsOf<Channels[Name]>[Call], Shown>;

  /** A stream from its start as far as it has come, and how it stands. Renders at most once a frame. */
  useStream<Name extends keyof Channels & string, Stream extends StreamName<Channels[Name]>>(
    channel: Name,
    ...args: [...Address<Channels[Name]>, stream: Stream]
  ): StreamSnapshot<StreamsOf<Channels[Name]>[Stream] extends "bytes" ? Uint8Array : string>;

  /** Who is in a channel; nobody before it is known. */
  usePresence<Name extends keyof Channels & string>(
    channel: Name,
    ...args: Address<Channels[Name]>
  ): Members<StateOf<Channels[Name]>>;
  /** Of the members what `select` takes: renders again only when that changes. */
  usePresence<Name extends WithoutParams<Channels>, Selected>(
    channel: Name,
    select: (members: Members<StateOf<Channels[Name]>>) => Selected,
    options?: SelectOptions<Selected>,
  ): Selected;
  usePresence<Name extends keyof Channels & string, Selected>(
    channel: Name,
    params: Address<Channels[Name]>[0],
    select: (members: Members<StateOf<Channels[Name]>>) => Selected,
    options?: SelectOptions<Selected>,
  ): Selected;
}

export interface UseCallOptions<Input, Shown> {
  /** What to show of a call until it is answered, such as the message that it will bring. */
  readonly optimistic?: (input: Input) => Shown;
}

/** What `useCall` gives. */
export interface CallView<Method, Shown> extends CallsView<Shown> {
  /**
   * The method of `channel.call`, the same at each render. A call goes on when its component leaves. A rejection that nobody handles
   * is no unhandled one: it shows as `error`.
   */
  readonly call: Method;
}

/** The parameters of a channel, if it has any. */
export type Address<Handle> = Handle extends { readonly params: infer Params }
  ? keyof Params extends never
    ? []
    : [params: Params]
  : never;

type EventsOf<Handle> =
  Handle extends TypedChannel<infer _Params, infer Events, infer _Calls, infer _Presence, infer _Streams, infer _Latest>
    ? Events
    : never;

/** Names of the channels that have no parameters. Apart, since the type of a selector is told by its place alone. */
type WithoutParams<Channels> = {
  [Name in keyof Channels]: Address<Channels[Name]> extends [] ? Name : never;
}[keyof Channels] &
  string;

type StreamsOf<Handle> =
  Handle extends TypedChannel<infer _Params, infer _Events, infer _Calls, infer _Presence, infer Streams, infer _Latest>
    ? Streams
    : never;

export type StreamName<Handle> = keyof StreamsOf<Handle> & string;

export type StateOf<Handle> =
  Handle extends TypedChannel<infer _Params, infer _Events, infer _Calls, infer State, infer _Streams, infer _Latest>
    ? Got<State>
    : never;

/** Names of the events that the contract describes as `latest`. */
export type LatestName<Handle> =
  Handle extends TypedChannel<infer _Params, infer Events, infer _Calls, infer _Presence, infer _Streams, infer Latest>
    ? Latest & keyof Events
    : never;

export type EventName<Handle> = keyof EventsOf<Handle> & string;

export type EventData<Handle, Event extends EventName<Handle>> = Got<EventsOf<Handle>[Event]>;

type CallsOf<Handle> = Handle extends { readonly call: infer Methods } ? Methods : never;

export type CallName<Handle> = keyof CallsOf<Handle> & string;

type CallInput<Method> = Method extends (input: infer Input, ...rest: never[]) => unknown ? Input : never;
