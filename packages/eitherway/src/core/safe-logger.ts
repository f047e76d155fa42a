/** What every line of a log is held to, whoever writes it out: its values are short, and on one line. */
import { causeOf } from "./cause-of.ts";
import type { Logger } from "./ports.ts";

/** The longest of our own sentences are about 400 characters. */
const MOST_UNITS = 1_000;

/** Ends of lines, and what steers a terminal or turns text around: JSON lets some of them stand, and other formats all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Nothing that a client sends makes a line long, or two of one (P6, P12). Of an error only kind, code and place are told. */
export function createSafeLogger(logger: Logger): Logger {
  const safe =
    (level: keyof Logger): Logger["info"] =>
    (event, fields = {}) =>
      logger[level](event, Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, safeValue(value)])));
  return { info: safe("info"), warn: safe("warn"), error: safe("error") };
}

function safeValue(value: unknown): unknown {
  if (value instanceof Error) return safeText(causeOf(value));
  return typeof value === "string" ? safeText(value) : value;
}

function safeText(text: string): string {
  const short = text.length > MOST_UNITS ? `${text.slice(0, MOST_UNITS)}…` : text;
  return short.replace(CONTROLS, "?");
}
