/** What stores need of a client, whether it has a contract or not. */
import type { CoreClient, Gap, MessageMeta, Status } from "../client/client-api.ts";
import type { Undo } from "../client/ports.ts";
import type { StreamChunk } from "../client/stream-content.ts";
import { readStream, type StreamReader } from "../client/streams.ts";
import type { EitherwayError, Id } from "../protocol/index.ts";

/** Every client fits: one of a contract, one without, one of `eitherway/client/core`. */
export interface HooksClient {
  readonly status: Status;
  on(event: "status", listener: (status: Status) => void): Undo;
  channel(name: string, ...args: never[]): object;
}

/** Which channel, as a hook is given it. */
export interface ChannelAddress {
  readonly name: string;
  /** Where the client has a contract, and the channel parameters. */
  readonly params: Readonly<Record<string, string>> | undefined;
}

/** A channel of which one event counts. */
export interface EventChannel {
  /** As the wire has it. */
  readonly name: string;
  readonly cursor: string;
  onMessage(listener: (data: unknown, meta: MessageMeta) => void): Undo;
  on(event: "gap", listener: (gap: Gap) => void): Undo;
  on(event: "live", listener: (id: Id) => void): Undo;
  on(event: "error", listener: (error: EitherwayError) => void): Undo;
}

/** A handle of either client. Only one of a contract knows parameters, and hears events by their names. */
interface AnyHandle extends Pick<EventChannel, "name" | "cursor" | "on"> {
  readonly params?: object;
  keyOf?(event: string, data: unknown): string;
  stream?(name: string): StreamReader<StreamChunk>;
  on(event: string, listener: unknown): Undo;
}

/** @param event `undefined` for all, which only a client without a contract has */
export function openChannel(client: HooksClient, address: ChannelAddress, event: string | undefined): EventChannel {
  const handle = handleOf(client, address);
  const isTyped = handle.params !== undefined;
  return {
    name: handle.name,
    get cursor() {
      return handle.cursor;
    },
    on: (own: string, listener: unknown) => handle.on(own, listener),
    onMessage(listener) {
      if (isTyped && event !== undefined) return handle.on(event, listener);
      return handle.on("message", (data: unknown, meta: MessageMeta) => {
        if (event === undefined || meta.event === event) listener(data, meta);
      });
    },
  };
}

/** As the wire has it. */
export function nameOf(client: HooksClient, address: ChannelAddress): string {
  return handleOf(client, address).name;
}

/** What a value of a `latest` event is the newest one of. `undefined` where the client has no contract that says it. */
export function contractKey(client: HooksClient, address: ChannelAddress, event: string): KeyOf | undefined {
  const { keyOf } = handleOf(client, address);
  return keyOf && ((data) => keyOf(event, data));
}

export type KeyOf = (data: unknown) => string;

/** A stream of a channel. */
export function openStream(client: HooksClient, address: ChannelAddress, name: string): StreamReader<StreamChunk> {
  const handle = handleOf(client, address);
  return handle.stream?.(name) ?? readStream(coreClientOf(client), handle.name, name);
}

function handleOf(client: HooksClient, { name, params }: ChannelAddress): AnyHandle {
  const args = params === undefined ? [] : [params];
  return client.channel(name, ...(args as never[])) as AnyHandle;
}

/** For what is a function of every client. */
export function coreClientOf(client: HooksClient): CoreClient {
  return client as unknown as CoreClient;
}
