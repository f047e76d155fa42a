/** Answers as people write and read them: `2/min`, `4kb`, `30s`, `20%`. */
import { isEitherwayError } from "../../protocol/index.ts";
import { readAmount } from "../../server/index.ts";
import { UsageError } from "../surroundings.ts";
import { type Answer, type NumberQuestion, type NumberUnit, type Question, stepsOf, valueAt } from "./questions.ts";

const MINUTE = 60;
const HOUR = 3_600;
const SECOND_MS = 1_000;
const KIB = 1_024;

/** What stands for the value in help and prompts. */
export const PLACEHOLDERS: Readonly<Record<NumberUnit, string>> = {
  rate: "RATE",
  bytes: "SIZE",
  percent: "PERCENT",
  count: "N",
  ms: "TIME",
};

const EXAMPLES: Readonly<Record<NumberUnit, string>> = {
  rate: "messages a second, or as in 2/min and 5/h",
  bytes: "bytes, or as in 4kb",
  percent: "a number from 0 to 100",
  count: "a whole number",
  ms: "milliseconds, or as in 200ms, 30s, 5m",
};

/** How a number may be written. */
export function exampleOf({ unit }: NumberQuestion): string {
  return EXAMPLES[unit];
}

/** The answer that a text is. Throws `UsageError` with value, bounds and next step. */
export function readAnswer(question: Question, text: string): Answer {
  if (question.kind === "choice") {
    if (question.choices.some(({ value }) => value === text)) return text;
    const known = question.choices.map(({ value }) => value).join(", ");
    throw new UsageError(`--${question.id} is ${JSON.stringify(text)}; give one of ${known}.`);
  }
  const value = readNumber(question, text);
  if (value >= question.min && value <= question.max) return value;
  const [least, most] = [question.min, question.max].map((bound) => formatNumber(question.unit, bound));
  throw new UsageError(
    `--${question.id} is ${JSON.stringify(text)}; give ${EXAMPLES[question.unit]}, from ${least} to ${most}.`,
  );
}

/** `NaN` where the text is no number. */
function readNumber({ unit }: NumberQuestion, text: string): number {
  switch (unit) {
    case "rate":
      return readRate(text);
    case "percent":
      return /^\d{1,3} *%?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
    case "count":
      return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    case "bytes":
      return amountOrNaN(text, "bytes");
    case "ms":
      return amountOrNaN(text, "Ms");
  }
}

/** The sentence about what is wrong is the caller's: it knows the bounds. */
function amountOrNaN(text: string, unit: "bytes" | "Ms"): number {
  try {
    return readAmount(text, unit);
  } catch (thrown) {
    if (isEitherwayError(thrown)) return Number.NaN;
    throw thrown;
  }
}

const RATE = /^(\d+(?:\.\d+)?)(?: *\/ *(s|min|h))?$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, min: MINUTE, h: HOUR };

/** At least one step where it is not 0: a message a day is not none. */
function readRate(text: string): number {
  const [, digits, per = "s"] = RATE.exec(text) ?? [];
  const rate = Number(digits) / (SECONDS[per] ?? Number.NaN);
  return rate > 0 ? valueAt("rate", Math.max(1, stepsOf("rate", rate))) : rate;
}

/** For people: the question's own words for a choice. */
export function formatAnswer(question: Question, answer: Answer): string {
  return question.kind === "number" ? formatNumber(question.unit, Number(answer)) : String(answer);
}

export function formatNumber(unit: NumberUnit, value: number): string {
  switch (unit) {
    case "rate":
      return formatRate(value);
    case "bytes":
      return scaled(value, [
        [KIB * KIB, " MB"],
        [KIB, " kB"],
        [1, " B"],
      ]);
    case "percent":
      return `${value} %`;
    case "count":
      return value.toLocaleString("en");
    case "ms":
      return scaled(value, [
        [HOUR * SECOND_MS, " h"],
        [MINUTE * SECOND_MS, " min"],
        [SECOND_MS, " s"],
        [1, " ms"],
      ]);
  }
}

const FROM_PER_SECOND = 0.1;
const FROM_PER_MINUTE = 1 / MINUTE;

function formatRate(value: number): string {
  if (value === 0 || value >= FROM_PER_SECOND) return `${rounded(value)}/s`;
  return value >= FROM_PER_MINUTE ? `${rounded(value * MINUTE)}/min` : `${rounded(value * HOUR)}/h`;
}

function scaled(value: number, units: readonly (readonly [number, string])[]): string {
  const [size, name] = units.find(([least]) => value >= least) ?? [1, units.at(-1)?.[1] ?? ""];
  return `${rounded(value / size)}${name}`;
}

const DIGITS = 3;

function rounded(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: DIGITS });
}
