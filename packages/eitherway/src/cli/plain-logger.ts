/** A `Logger` for somebody who looks at a terminal: sentences instead of JSON. */
import type { Logger, LogLevel } from "../node/index.ts";
import type { Output } from "./output.ts";

/** Good news is not told: what a command does it says itself. What comes with a sentence is none: somebody was refused. */
export function createPlainLogger(output: Output, level: LogLevel): Logger {
  const line = (event: string, fields: Readonly<Record<string, unknown>> = {}): string => {
    const { message, audit: _, ...others } = fields;
    const details = Object.entries(others).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}: ${String(value)}`,
    );
    const tail = [...(message === undefined ? [] : [String(message)]), ...details].join("; ");
    return tail === "" ? event : `${event}: ${tail}`;
  };
  const { info, warn, error } = TOLD_AT[level];
  return {
    info(event, fields) {
      if (info && fields?.message !== undefined) output.say(sentence(line(event, fields)));
    },
    warn(event, fields) {
      if (warn) output.say(`Warning: ${line(event, fields)}`);
    },
    error(event, fields) {
      if (error) output.say(`Error: ${line(event, fields)}`);
    },
  };
}

const TOLD_AT: Readonly<Record<LogLevel, Readonly<Record<keyof Logger, boolean>>>> = {
  info: { info: true, warn: true, error: true },
  warn: { info: false, warn: true, error: true },
  error: { info: false, warn: false, error: true },
  silent: { info: false, warn: false, error: false },
};

function sentence(line: string): string {
  return line.charAt(0).toUpperCase() + line.slice(1);
}
