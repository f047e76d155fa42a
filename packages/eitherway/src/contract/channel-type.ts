/** The description of one kind of channel. */
import { readStream } from "../client/streams.ts";
import type { Got, Transformed } from "../client/typed/typed-api.ts";
import type { Json } from "./json.ts";
import type { ParamsOf } from "./pattern.ts";
import type { AnySchema, InputOf, OutputOf } from "./standard-schema.ts";

/** A duration in milliseconds, or text such as `"100ms"`, `"20s"`, `"5m"`, `"7d"`. */
export type Duration = number | string;

// --- events ---

/** An event whose messages are announced to who listens now, never logged, dropped first. */
export interface VolatileEvent<Schema extends AnySchema = AnySchema> {
  readonly delivery: "volatile";
  readonly schema: Schema;
}

/** An event of which the newest message of each key counts: readers that are behind are not shown older ones. */
export interface LatestEvent<Schema extends AnySchema = AnySchema> {
  readonly delivery: "latest";
  readonly schema: Schema;
  /** What a message is the newest one of. Called at both ends, with what is stored, so a `Date` is text: it has to give the same there. */
  readonly key: (data: never) => string;
  /**
   * Of each key one message in this time is appended, the newest, at most 1 minute: the first at once, later ones at the end of the time. A
   * publish of one that was replaced resolves as that of the newest does. Default: all are appended.
   */
  readonly every?: Duration;
}

/** A plain schema is a reliable event: logged, replayed. */
export type EventType = AnySchema | VolatileEvent | LatestEvent;
export type EventTypes = Readonly<Record<string, EventType>>;

/** @example events: { typing: volatile(z.object({})) } */
export function volatile<Schema extends AnySchema>(schema: Schema): VolatileEvent<Schema> {
  return { delivery: "volatile", schema };
}

/** @example events: { tick: latest(tickSchema, { key: (tick) => tick.symbol, every: "100ms" }) } */
export function latest<Schema extends AnySchema>(
  schema: Schema,
  options: { readonly key: (data: Got<Data<Schema>>) => string; readonly every?: Duration },
): LatestEvent<Schema> {
  return { delivery: "latest", schema, ...options };
}

// --- calls, streams, history ---

export interface CallType {
  /** What the caller gives. Default: nothing. */
  readonly in?: AnySchema;
  /** What the handler answers. Default: nothing. */
  readonly out?: AnySchema;
  /** Errors that the handler may answer by name, with what they carry. */
  readonly errors?: Readonly<Record<string, AnySchema>>;
  /** The handler may be started again where nobody knows whether it came to an end. Default: `outcome-unknown` then. */
  readonly repeatable?: boolean;
  /** How long the handler may take. Default: 30 s. */
  readonly timeout?: Duration;
}
export type CallTypes = Readonly<Record<string, CallType>>;

export interface StreamType<Kind extends "text" | "bytes" = "text" | "bytes"> {
  readonly stream: Kind;
  /** What a client reads it with: it comes with the description, so that a contract without streams carries none of it. */
  readonly read: typeof readStream;
}
export type StreamTypes = Readonly<Record<string, StreamType>>;

/** A stream of text: `streams: { answer: text() }`. */
export function text(): StreamType<"text"> {
  return { stream: "text", read: readStream };
}

/** A stream of bytes. */
export function bytes(): StreamType<"bytes"> {
  return { stream: "bytes", read: readStream };
}

/** How much of each such channel is kept; what is not given is as the server has it. Whatever is reached first trims. */
export interface History {
  /** Messages. */
  readonly max?: number;
  readonly age?: Duration;
  /** Payload and overhead, in bytes or as text such as `"10mb"`. */
  readonly bytes?: number | string;
}

// --- what it comes to: plain types, so that hovering shows what a program works with ---

type Data<Schema extends AnySchema> =
  Same<InputOf<Schema>, Json<OutputOf<Schema>>> extends true
    ? OutputOf<Schema>
    : Transformed<InputOf<Schema>, Json<OutputOf<Schema>>>;

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

type SchemaOf<Type extends EventType> = Type extends AnySchema
  ? Type
  : Type extends { readonly schema: infer Schema extends AnySchema }
    ? Schema
    : never;

export type EventsOf<Types extends EventTypes> = { [Name in keyof Types]: Data<SchemaOf<Types[Name]>> };

/** Names of the `latest` events. */
export type LatestOf<Types extends EventTypes> = {
  [Name in keyof Types]: Types[Name] extends { readonly delivery: "latest" } ? Name : never;
}[keyof Types] &
  string;

/** The same type without its name, so that hovering shows what it is. */
type Plain<Type> = Type extends infer Same ? { [Name in keyof Same]: Same[Name] } : never;

type MaybeIn<Schema> = Schema extends AnySchema ? InputOf<Schema> : undefined;
type MaybeOut<Schema> = Schema extends AnySchema ? OutputOf<Schema> : undefined;

/** `input` is given, `handled` is what its schema made of it; `answered` is returned by the handler, `answer` arrives. */
export type CallsOf<Types extends CallTypes> = {
  [Name in keyof Types]: {
    input: MaybeIn<Types[Name]["in"]>;
    handled: MaybeOut<Types[Name]["in"]>;
    answered: MaybeIn<Types[Name]["out"]>;
    answer: Json<MaybeOut<Types[Name]["out"]>>;
    errors: Types[Name]["errors"] extends Readonly<Record<string, AnySchema>>
      ? { [Code in keyof Types[Name]["errors"]]: OutputOf<Types[Name]["errors"][Code]> }
      : Record<never, never>;
  };
};

export type StreamsOf<Types extends StreamTypes> = {
  [Name in keyof Types]: Types[Name] extends StreamType<infer Kind> ? Kind : never;
};

// --- channels ---

export interface ChannelOptions<
  Events extends EventTypes,
  Calls extends CallTypes,
  Presence extends AnySchema | undefined,
  Streams extends StreamTypes,
> {
  readonly events?: Events;
  readonly calls?: Calls;
  /** The state of each member. Default: the channel has no presence. */
  readonly presence?: Presence;
  readonly streams?: Streams;
  readonly history?: History;
}

/** One kind of channel. Its type parameters are what programs work with; `types` is never there at run time. */
export interface ChannelType<
  P = object,
  Events = object,
  Calls = object,
  Presence = unknown,
  Streams = object,
  Latest extends string = string,
> {
  readonly pattern: string;
  readonly events: EventTypes;
  readonly calls: CallTypes;
  readonly presence: AnySchema | undefined;
  readonly streams: StreamTypes;
  readonly history: History;
  readonly types?: {
    readonly params: P;
    readonly events: Events;
    readonly calls: Calls;
    readonly presence: Presence;
    readonly streams: Streams;
    readonly latest: Latest;
  };
}

type None = Record<never, never>;

/**
 * Describes one kind of channel. A segment `:name` of the pattern is a parameter.
 *
 * @example
 * const room = channel("room/:id", { events: { message: z.object({ text: z.string() }) } });
 */
export function channel<
  const Pattern extends string,
  Events extends EventTypes = None,
  Calls extends CallTypes = None,
  Presence extends AnySchema | undefined = undefined,
  Streams extends StreamTypes = None,
>(
  pattern: Pattern,
  options: ChannelOptions<Events, Calls, Presence, Streams> = {},
): ChannelType<
  Plain<ParamsOf<Pattern>>,
  Plain<EventsOf<Events>>,
  Plain<CallsOf<Calls>>,
  Presence extends AnySchema ? Data<Presence> : undefined,
  Plain<StreamsOf<Streams>>,
  LatestOf<Events>
> {
  const { events = {}, calls = {}, presence, streams = {}, history = {} } = options;
  return { pattern, events, calls, presence, streams, history };
}
