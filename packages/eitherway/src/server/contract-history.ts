/** How much the channels of a contract keep. */
import type { ChannelType } from "../contract/index.ts";
import type { ChannelRetention, Retention } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import { type Amount, readPositiveAmount, type Unit } from "./amounts.ts";
import type { ChannelIndex } from "./channel-index.ts";

/** What a description says `max`, `age` and `bytes` for. */
const SETTINGS: Readonly<Record<keyof ChannelType["history"], readonly [setting: keyof Retention, unit: Unit]>> = {
  max: ["messages", "pieces"],
  age: ["ageMs", "ms"],
  bytes: ["bytes", "bytes"],
};

/**
 * `undefined` where no channel says anything.
 *
 * @throws EitherwayError `bad-request` for a bound that is none
 */
export function readHistory(
  types: readonly ChannelType[],
  index: ChannelIndex<ChannelType>,
): ChannelRetention | undefined {
  const own = new Map(types.map((type) => [type, retentionOf(type)]));
  const said = [...own.values()];
  if (said.every((retention) => Object.keys(retention).length === 0)) return undefined;
  return {
    longestAgeMs: Math.max(...said.map(({ ageMs = 0 }) => ageMs)),
    bounds: Object.fromEntries([...own].flatMap(boundsOf)),
    of(channel) {
      const type = index.find(channel)?.type;
      return type && own.get(type);
    },
  };
}

function boundsOf([{ pattern }, retention]: readonly [ChannelType, Partial<Retention>]): [string, number][] {
  return Object.entries(SETTINGS).flatMap(([name, [setting]]) => {
    const bound = retention[setting];
    return bound === undefined ? [] : [[historyName(name, pattern), bound] as [string, number]];
  });
}

function historyName(name: string, pattern: string): string {
  return `history.${name} of ${pattern}`;
}

function retentionOf({ pattern, history }: ChannelType): Partial<Retention> {
  const read: Partial<Record<keyof Retention, number>> = {};
  for (const [name, value] of Object.entries(history) as [string, Amount | undefined][]) {
    const [setting, unit] = Object.hasOwn(SETTINGS, name)
      ? SETTINGS[name as keyof typeof SETTINGS]
      : unknown(name, pattern);
    if (value !== undefined) read[setting] = readPositiveAmount(value, historyName(name, pattern), unit);
  }
  return read;
}

function unknown(name: string, pattern: string): never {
  throw new EitherwayError(
    "bad-request",
    `There is no history.${name}, which ${pattern} has; known: ${Object.keys(SETTINGS).join(", ")}.`,
  );
}
