/** Gives a parser one input after the other, and says of the first at which it fails what is wrong. */
import { EitherwayError, ERROR_CODES } from "../../src/protocol/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";
import type { Mutator } from "../support/mutator.ts";

export interface Parser<Input extends string | Uint8Array = string | Uint8Array, Read = unknown> {
  readonly name: string;
  readonly mutate: Mutator<Input>;
  /** `undefined` and `false` are refusals, as is an EitherwayError. Anything else that is thrown is a defect. */
  readonly read: (input: Input) => Read | undefined | false;
  /** What is wrong with what was read, if anything. */
  readonly wrong?: (read: Read, input: Input) => string | undefined;
  /** Makes something of every input. */
  readonly total?: boolean;
}

export interface Found {
  readonly seed: number;
  readonly input: string | Uint8Array;
  readonly problem: string;
}

export interface Examined {
  readonly read: number;
  readonly refused: number;
  readonly found?: Found;
}

export function examine({ mutate, read, wrong }: Parser, firstSeed: number, inputs: number): Examined {
  const count = { read: 0, refused: 0 };
  for (let seed = firstSeed; seed < firstSeed + inputs; seed++) {
    const input = mutate(createSeededRandom(seed));
    const problem = problemOf(input);
    if (problem !== undefined) return { ...count, found: { seed, input, problem } };
  }
  return count;

  function problemOf(input: string | Uint8Array): string | undefined {
    let result: unknown;
    try {
      result = read(input);
    } catch (thrown) {
      count.refused++;
      return wrongRefusal(thrown);
    }
    if (result === undefined || result === false) {
      count.refused++;
      return undefined;
    }
    count.read++;
    try {
      return tooMuch(result, input) ?? wrong?.(result, input);
    } catch (thrown) {
      return `what was read cannot be compared: ${String(thrown)}`;
    }
  }
}

/**
 * The most that a parser takes for one of these inputs, in milliseconds of this process and of no clock on a wall. Of three measurements the
 * least: a collection of garbage may fall into one.
 */
export function slowest(
  { mutate, read }: Parser,
  inputs: readonly string[],
): { readonly ms: number; readonly input: string } {
  const takesText = typeof mutate(createSeededRandom(1)) === "string";
  const attempt = (input: string | Uint8Array): number => {
    const before = process.cpuUsage();
    try {
      read(input);
    } catch {
      // Refusing has to be quick as well.
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  const measured = inputs.map((input) => {
    const given = takesText ? input : Uint8Array.from(Buffer.from(input));
    return { input, ms: Math.min(attempt(given), attempt(given), attempt(given)) };
  });
  return measured.reduce((slow, one) => (one.ms > slow.ms ? one : slow));
}

/** Sentences go to logs, terminals and close frames: they are short, of one line, and Unicode. */
const LONGEST_SENTENCE = 1_000; // two values of 60 units, each of them escaped
const UNFIT = /[\p{Cc}\p{Cs}]/u;

/** What is wrong with a refusal, if anything. */
export function wrongRefusal(thrown: unknown): string | undefined {
  if (!(thrown instanceof EitherwayError)) return `threw ${String(thrown)}\n${(thrown as Error).stack ?? ""}`;
  const { code, message } = thrown;
  if (!ERROR_CODES.includes(code) || code === "internal") return `the code is ${code}`;
  if (message.length > LONGEST_SENTENCE) return `the sentence has ${message.length} characters`;
  return UNFIT.test(message) ? `the sentence is no line of text: ${JSON.stringify(message)}` : undefined;
}

/** What is read is in proportion to what came: nobody sends a little to have much held (P6). */
const UNITS_PER_UNIT = 40;
const UNITS_BESIDES = 1_000;

function tooMuch(read: unknown, input: string | Uint8Array): string | undefined {
  const most = UNITS_PER_UNIT * input.length + UNITS_BESIDES;
  const units = unitsIn(read, most);
  return units > most ? `more than ${most} units came of ${input.length}` : undefined;
}

const UNITS_PER_VALUE = 8;

/** Stops counting beyond `most`. */
function unitsIn(value: unknown, most: number): number {
  let units = 0;
  const left = [value];
  while (left.length > 0 && units <= most) {
    const one = left.pop();
    units += typeof one === "string" ? one.length : UNITS_PER_VALUE;
    if (one instanceof Uint8Array)
      units += one.buffer.byteLength; // what it keeps, not what it shows
    else if (one instanceof Map) left.push(...one.keys(), ...one.values());
    else if (typeof one === "object" && one !== null) left.push(...Object.keys(one), ...Object.values(one));
  }
  return units;
}
