/** What one channel handle has brought so far, and a way to wait for more. */
import type { Channel, Gap, MessageMeta, Undo } from "../client/index.node.ts";
import type { Got, TypedChannel } from "../client/typed/typed-api.ts";
import type { Id } from "../protocol/index.ts";

export interface Collected<Data = unknown> {
  /** Who collects, for failures. */
  readonly label: string;
  readonly data: Data[];
  /** Of each of `data`. */
  readonly metas: MessageMeta[];
  readonly gaps: Gap[];
  readonly lives: Id[];
  /** Codes of the refusals of the subscription. */
  readonly errors: string[];
  /** Resolves once `look` is true; looks after each event. */
  until(look: (so: Collected<Data>) => boolean): Promise<void>;
  /** Resolves with the data when so many messages came. */
  messages(count: number): Promise<Data[]>;
  /** Resolves when the subscription is live. */
  live(): Promise<void>;
  /** Ends the subscription. */
  stop(): void;
}

/** A handle of either client, as it is at run time. */
export interface AnyChannel {
  readonly name: string;
  on(event: string, listener: unknown): Undo;
}

export interface Collect {
  /** Every message of the channel. */
  (channel: Channel): Collected;
  /** The messages of these events of a contract. */
  <Params, Events, Calls, Presence, Streams, Latest extends string, Event extends keyof Events & string>(
    channel: TypedChannel<Params, Events, Calls, Presence, Streams, Latest>,
    ...events: readonly [Event, ...Event[]]
  ): Collected<Got<Events[Event]>>;
}

/** Subscribes to every message of a channel, and keeps what comes. */
export function collect(channel: Channel): Collected {
  return collectEvents(channel, [], channel.name);
}

/** @param events none: all, which only a channel without a contract has */
export function collectEvents(channel: AnyChannel, events: readonly string[], label: string): Collected<never> {
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const look of [...waiting]) look();
  };
  const collected: Collected<never> = {
    label,
    data: [],
    metas: [],
    gaps: [],
    lives: [],
    errors: [],
    until: (look) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!look(collected)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    async messages(count) {
      await collected.until(({ data }) => data.length >= count);
      return collected.data;
    },
    live: () => collected.until(({ lives }) => lives.length > 0),
    stop() {
      for (const undo of undos) undo();
    },
  };
  const undos = [
    channel.on("gap", (gap: Gap) => {
      collected.gaps.push(gap);
      changed();
    }),
    channel.on("live", (id: Id) => {
      collected.lives.push(id);
      changed();
    }),
    channel.on("error", ({ code }: { readonly code: string }) => {
      collected.errors.push(code);
      changed();
    }),
    ...(events.length > 0 ? events : ["message"]).map((event) =>
      channel.on(event, (data: never, meta: MessageMeta) => {
        collected.data.push(data);
        collected.metas.push(meta);
        changed();
      }),
    ),
  ];
  return collected;
}
