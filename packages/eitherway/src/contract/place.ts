/** The channel that the first arguments of a call name: its name in the contract, then its parameters where it has any. */
import { EitherwayError, quote } from "../protocol/index.ts";
import type { ChannelType } from "./channel-type.ts";
import { formatPattern, hasParams, type Params } from "./pattern.ts";

export interface Place {
  readonly type: ChannelType;
  readonly params: Params;
  /** As the wire has it. */
  readonly channel: string;
  /** The arguments behind. */
  readonly rest: readonly unknown[];
}

/** @throws EitherwayError `unknown-channel`, or `bad-channel` for parameters that make no name */
export function readPlace(
  channels: Readonly<Record<string, ChannelType>>,
  name: string,
  args: readonly unknown[],
): Place {
  const type = readType(channels, name);
  const [params, rest] = hasParams(type.pattern) ? [args[0] as Params | undefined, args.slice(1)] : [{}, args];
  return { type, params: params ?? {}, channel: formatPattern(type.pattern, params ?? {}), rest };
}

/** @throws EitherwayError `unknown-channel` */
export function readType(channels: Readonly<Record<string, ChannelType>>, name: string): ChannelType {
  const type = Object.hasOwn(channels, name) ? channels[name] : undefined;
  if (!type) throw unknownChannel(name, Object.keys(channels));
  return type;
}

function unknownChannel(name: string, known: readonly string[]): EitherwayError {
  return new EitherwayError(
    "unknown-channel",
    `There is no channel ${quote(name)} in the contract; it has ${known.map((one) => quote(one)).join(", ") || "none"}.`,
  );
}
