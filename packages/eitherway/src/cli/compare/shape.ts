/** The bad network of `--rtt`, `--jitter`, `--bandwidth` and `--stall`. */
import type { Fault } from "../../testing/index.ts";
import type { Flags, GivenFlags } from "../flags.ts";
import { UsageError } from "../surroundings.ts";

export const SHAPE_FLAGS: Flags = {
  rtt: { value: "MS", help: "makes the network slower: so many milliseconds there and back" },
};

export interface Shape {
  readonly fault: Fault;
  /** For people. */
  readonly words: string;
}

/** `undefined`: the network as it is. */
export function readShape(flags: GivenFlags): Shape | undefined {
  const text = flags.text("rtt");
  if (text === undefined) return undefined;
  const rtt = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(rtt > 0 && rtt <= 10_000))
    throw new UsageError(`--rtt is ${JSON.stringify(text)}; give milliseconds up to 10000.`);
  return { fault: { kind: "delay", ms: rtt / 2 }, words: `${rtt} ms round trip added` };
}
