/** How much the channels of a contract keep. */
import type { ChannelType } from "../contract/index.ts";
import type { ChannelRetention, Retention } from "../core/index.ts";
import { readAmount } from "./amounts.ts";
import type { ChannelIndex } from "./channel-index.ts";

/** `undefined` where no channel says anything. */
export function readHistory(
  types: readonly ChannelType[],
  index: ChannelIndex<ChannelType>,
): ChannelRetention | undefined {
  const own = new Map(types.map((type) => [type, retentionOf(type)]));
  const ages = [...own.values()].map(({ ageMs = 0 }) => ageMs);
  if ([...own.values()].every((retention) => Object.keys(retention).length === 0)) return undefined;
  return {
    longestAgeMs: Math.max(...ages),
    of(channel) {
      const type = index.find(channel)?.type;
      return type && own.get(type);
    },
  };
}

function retentionOf({ pattern, history: { max, age, bytes } }: ChannelType): Partial<Retention> {
  return {
    ...(max !== undefined && { messages: readAmount(max, `${pattern} history.max`) }),
    ...(age !== undefined && { ageMs: readAmount(age, `${pattern} history.ageMs`) }),
    ...(bytes !== undefined && { bytes: readAmount(bytes, `${pattern} history.bytes`) }),
  };
}
