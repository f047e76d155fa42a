/** Streams and presence by the names of a contract in place of those of the wire. */
import type { ChannelTypes, Contract } from "../contract/index.ts";
import { readPlace } from "../contract/place.ts";
import { EitherwayError, quote } from "../protocol/index.ts";
import type { Eitherway, PresenceList } from "./eitherway.ts";
import type { StreamProducer } from "./stream-producer.ts";
import type { StreamOptions } from "./streams.ts";
import type { ParamsIn, TypesOf, WithoutParams, WithParams } from "./typed-publish.ts";

type StreamsIn<Channel> = TypesOf<Channel> extends { readonly streams: infer Streams } ? Streams : never;
type StreamName<Channel> = keyof StreamsIn<Channel> & string;
type Producer<Kind> = StreamProducer<Kind extends "bytes" ? Uint8Array : string>;
type TypedStreamOptions = Omit<StreamOptions, "kind">;

export interface TypedParts<Channels> {
  /**
   * Produces a stream of the contract. See `stream` without a contract.
   *
   * @example
   * const answer = ew.stream("job", { id: "7" }, "answer");
   */
  stream<Name extends WithParams<Channels>, Stream extends StreamName<Channels[Name]>>(
    name: Name,
    params: ParamsIn<Channels[Name]>,
    stream: Stream,
    options?: TypedStreamOptions,
  ): Producer<StreamsIn<Channels[Name]>[Stream]>;
  stream<Name extends WithoutParams<Channels>, Stream extends StreamName<Channels[Name]>>(
    name: Name,
    stream: Stream,
    options?: TypedStreamOptions,
  ): Producer<StreamsIn<Channels[Name]>[Stream]>;

  /** Who is in a channel, and the id of its log of joins and leaves that this is true at (P8). */
  presence<Name extends WithParams<Channels>>(name: Name, params: ParamsIn<Channels[Name]>): Promise<PresenceList>;
  presence<Name extends WithoutParams<Channels>>(name: Name): Promise<PresenceList>;
}

/** @param server by the names of the wire */
export function createTypedParts<Channels extends ChannelTypes>(
  app: Contract<Channels>,
  server: Pick<Eitherway, "stream" | "presence">,
): TypedParts<Channels> {
  function stream(name: string, ...args: readonly unknown[]): StreamProducer<string> & StreamProducer<Uint8Array> {
    const { type, channel, rest } = readPlace(app.channels, name, args);
    const [own, options] = rest as [string, TypedStreamOptions | undefined];
    const kind = Object.hasOwn(type.streams, own) ? type.streams[own]?.stream : undefined;
    if (!kind) {
      throw new EitherwayError("bad-request", `Channel ${quote(type.pattern)} has no stream ${quote(String(own))}.`);
    }
    const producer: unknown = server.stream(channel, own, { ...options, kind: kind as "text" });
    return producer as StreamProducer<string> & StreamProducer<Uint8Array>;
  }

  return {
    stream,
    presence: async (name: string, ...args: readonly unknown[]) =>
      server.presence(readPlace(app.channels, name, args).channel),
  };
}
