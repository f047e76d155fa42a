/** A typed handle over the untyped one of the same channel. */
import { EitherwayError, type Id, quote } from "../../protocol/index.ts";
import type { ChannelOptions, Incoming, MessageMeta } from "../client-api.ts";
import type { Undo } from "../ports.ts";
import { presence } from "../presence.ts";
import type { ClientSeam } from "../seam.ts";
import type { readStream } from "../streams.ts";
import { call } from "./calls.ts";
import type { TypedCallOptions, TypedPublishOptions } from "./typed-api.ts";

/** What a typed handle needs to know of its channel. */
export interface ChannelFacts {
  readonly params: Readonly<Record<string, string>>;
  /** As the wire has it. */
  readonly channel: string;
  /** What the contract says of it, as far as it matters here. */
  readonly type: {
    readonly events: Readonly<Record<string, object>>;
    readonly calls: Readonly<Record<string, unknown>>;
    readonly presence: unknown;
    /** Each brings what reads it, so that a contract without streams carries none of it. */
    readonly streams: Readonly<Record<string, { readonly read: typeof readStream }>>;
  };
  /** The arguments behind the name and the parameters. */
  readonly rest: readonly unknown[];
}

interface Described {
  readonly delivery?: unknown;
  /** Of a `latest` event. */
  key(data: unknown): string;
}

type AnyListener = (...args: readonly never[]) => void | Promise<void>;

const OWN_EVENTS: ReadonlySet<string> = new Set(["gap", "live", "error"]);

/** Its types are those of `TypedChannel`, which whoever calls it knows. */
export function createTypedChannel(
  seam: ClientSeam,
  { channel: name, params, type }: ChannelFacts,
  options: ChannelOptions | undefined,
): object {
  const channel = seam.client.channel(name, options);
  const callOne = (one: string) => (input: unknown, own?: TypedCallOptions) => call(seam, name, one, input, own);

  /** A plain schema says nothing of its delivery. */
  const described = (event: string): Described => (type.events[event] ?? {}) as Described;

  function on(event: string, listener: AnyListener): Undo {
    if (OWN_EVENTS.has(event)) return channel.on(event as "live", listener as (id: string) => void);
    const take = listener as (data: unknown, meta: MessageMeta) => void | Promise<void>;
    return channel.on("message", (data, meta) => (meta.event === event ? take(data, meta) : undefined));
  }

  async function publish(event: string, data: unknown, own?: TypedPublishOptions): Promise<{ readonly id: Id }> {
    if (described(event).delivery !== "volatile") return channel.publish(data, { ...own, event });
    own?.signal?.throwIfAborted();
    channel.announce(data, { event });
    return { id: "" };
  }

  function keyOf(event: string, data: unknown): string {
    const { delivery, key } = described(event);
    if (delivery === "latest") return key(data);
    throw new EitherwayError("unknown-event", `Channel ${quote(name)} has no latest event ${quote(event)}.`);
  }

  return {
    name,
    params,
    get cursor() {
      return channel.cursor;
    },
    on,
    call: Object.fromEntries(Object.keys(type.calls).map((one) => [one, callOne(one)])),
    publish,
    keyOf,
    presence: type.presence && presence(seam.client, name),
    stream: (one: string) => type.streams[one]?.read(seam.client, name, one),
    [Symbol.asyncIterator]: () => named(channel[Symbol.asyncIterator]()),
  };
}

/** Messages with their event beside the data, which tells types apart. */
function named(messages: AsyncIterator<Incoming, undefined, undefined>): AsyncIterator<object, undefined, undefined> {
  const name = (result: IteratorResult<Incoming, undefined>): IteratorResult<object, undefined> =>
    result.done ? result : { done: false, value: { event: result.value.meta.event, ...result.value } };
  return {
    next: async () => name(await messages.next()),
    return: async () => {
      await messages.return?.();
      return { done: true, value: undefined };
    },
  };
}
