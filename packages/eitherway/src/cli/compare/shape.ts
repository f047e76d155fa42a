/** The bad network of `--rtt`, `--jitter`, `--bandwidth` and `--stall`. */
import type { Fault, LinkShape } from "../../testing/index.ts";
import type { Flags, GivenFlags } from "../flags.ts";
import { UsageError } from "../surroundings.ts";

export const SHAPE_FLAGS: Flags = {
  rtt: { value: "MS", help: "makes the way longer: so many milliseconds there and back" },
  jitter: { value: "MS", help: "up to so many milliseconds more there and back, at random" },
  bandwidth: { value: "RATE", help: "makes it thinner, each way: 10mbit, 256kbit" },
  stall: { value: "TIME/EVERY", help: "nothing arrives for a while, as after the loss of a packet: 200ms/2s" },
};

export interface Shape {
  readonly fault: Fault;
  /** For people. */
  readonly words: string;
}

/** `undefined`: the network as it is. */
export function readShape(flags: GivenFlags): Shape | undefined {
  const rtt = readMs(flags, "rtt");
  const jitter = readMs(flags, "jitter");
  const bandwidth = flags.text("bandwidth");
  const stall = flags.text("stall");
  const words = [
    ...(rtt > 0 ? [`${rtt} ms round trip`] : []),
    ...(jitter > 0 ? [`up to ${jitter} ms jitter`] : []),
    ...(bandwidth !== undefined ? [`${bandwidth} each way`] : []),
    ...(stall !== undefined ? [`a stall of ${stall.replace("/", " in each ")}`] : []),
  ];
  if (words.length === 0) return undefined;
  const link: LinkShape = {
    delayMs: rtt / WAYS,
    jitterMs: jitter / WAYS,
    ...(bandwidth !== undefined && { bytesPerSecond: readBandwidth(bandwidth) }),
    ...(stall !== undefined && { stall: readStall(stall) }),
  };
  return { fault: { kind: "link", ...link }, words: `with ${words.join(", ")}` };
}

/** There and back. */
const WAYS = 2;
/** Longer ones would not be measured: rounds have no more patience. */
const MAX_MS = 2_000;

function readMs(flags: GivenFlags, name: string): number {
  const text = flags.text(name);
  if (text === undefined) return 0;
  const ms = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (ms > 0 && ms <= MAX_MS) return ms;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}; give milliseconds, above 0 and up to ${MAX_MS}.`);
}

const BITS_PER_BYTE = 8;
/** As networks count: thousands. */
const BITS: Readonly<Record<string, number>> = { kbit: 1e3, mbit: 1e6, gbit: 1e9 };
/** What a round sends would take minutes below that. */
const MIN_BITS = 64e3;

function readBandwidth(text: string): number {
  const [, digits, unit = ""] = /^([0-9]+(?:\.[0-9]+)?)([kmg]bit)$/i.exec(text) ?? [];
  const bits = Number(digits) * (BITS[unit.toLowerCase()] ?? Number.NaN);
  if (bits >= MIN_BITS) return bits / BITS_PER_BYTE;
  throw new UsageError(`--bandwidth is ${JSON.stringify(text)}; give for example 10mbit, and at least 64kbit.`);
}

const STALL = /^([0-9]+)(ms|s)\/([0-9]+)(ms|s)$/;
const MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000 };

function readStall(text: string): NonNullable<LinkShape["stall"]> {
  const [, time, unit = "", every, everyUnit = ""] = STALL.exec(text) ?? [];
  const ms = Number(time) * (MS[unit] ?? Number.NaN);
  const everyMs = Number(every) * (MS[everyUnit] ?? Number.NaN);
  if (ms > 0 && ms <= MAX_MS && everyMs > ms) return { ms, everyMs };
  throw new UsageError(
    `--stall is ${JSON.stringify(text)}; give how long and how often, as in 200ms/2s: at most ${MAX_MS} ms, and less than what follows.`,
  );
}
