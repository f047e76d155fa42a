/** Sizes and durations as people write them: numbers of bytes or milliseconds, or text such as `"256kb"` and `"20s"`. */
import { EitherwayError, quote } from "../protocol/index.ts";

/** A plain number (of bytes, milliseconds or pieces), or the same as text, with a unit where there is one. */
export type Amount = number | string;

/** The same settings with amounts in place of plain numbers. */
export type Amounts<T> = { readonly [Name in keyof T]?: Amount | undefined };

/** What a setting counts. */
export type Unit = "bytes" | "ms" | "pieces";

const KIB = 1024; // as in the limits: 64kb is 65,536 bytes
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const FACTORS: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  bytes: { b: 1, kb: KIB, mb: KIB ** 2, gb: KIB ** 3 },
  ms: { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: 24 * HOUR },
  pieces: {},
};

const EXAMPLES: Readonly<Record<Unit, string>> = {
  bytes: 'a whole number of bytes, or a size such as "256kb"',
  ms: 'a whole number of milliseconds, or a duration such as "20s"',
  pieces: "a whole number",
};

const AMOUNT = /^([0-9]+(?:\.[0-9]+)?) *([a-z]*)$/;

/**
 * Settings with every text turned into a number, by the unit that the name ends in (`linkBytes`, `slowMs`). Whether the number
 * makes sense for the setting is for its owner to say.
 *
 * @throws EitherwayError `bad-request` for text that is no amount
 */
export function readAmounts<T>(given: Amounts<T> | undefined, what: string): Partial<Record<keyof T, number>> {
  const read: Partial<Record<keyof T, number>> = {};
  for (const name in given) {
    const value: Amount | undefined = given[name];
    if (value !== undefined) read[name] = readAmount(value, `${what}.${name}`);
  }
  return read;
}

/**
 * One amount.
 *
 * @param name stands in the error
 * @param unit default: what the name ends in
 */
export function readAmount(value: Amount, name: string, unit: Unit = unitOf(name)): number {
  if (typeof value === "number") return value;
  const [, digits, suffix = ""] = AMOUNT.exec(String(value).trim().toLowerCase()) ?? [];
  const factors = FACTORS[unit];
  const factor = suffix === "" ? 1 : Object.hasOwn(factors, suffix) ? factors[suffix] : undefined;
  const amount = factor === undefined ? Number.NaN : Number(digits) * factor;
  if (Number.isSafeInteger(amount)) return amount;
  throw wrongAmount(value, name, EXAMPLES[unit]);
}

/** One amount that makes no sense unless it is a whole number above 0. */
export function readPositiveAmount(value: Amount, name: string, unit: Unit): number {
  const amount = readAmount(value, name, unit);
  if (Number.isSafeInteger(amount) && amount > 0) return amount;
  throw wrongAmount(value, name, `${EXAMPLES[unit]}, above 0`);
}

function unitOf(name: string): Unit {
  if (/bytes$/i.test(name)) return "bytes";
  return name.endsWith("Ms") ? "ms" : "pieces";
}

function wrongAmount(value: Amount, name: string, wanted: string): EitherwayError {
  const given = typeof value === "number" ? String(value) : quote(String(value));
  return new EitherwayError("bad-request", `${name} is ${given}; give ${wanted}.`);
}
