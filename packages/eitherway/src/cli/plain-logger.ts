/** A `Logger` for somebody who looks at a terminal: sentences instead of JSON. */
import type { Logger } from "../core/index.ts";
import type { Output } from "./output.ts";

/** Good news is not told: what a command does it says itself. */
export function createPlainLogger(output: Output): Logger {
  const line = (event: string, fields: Readonly<Record<string, unknown>> = {}): string => {
    const { message, ...others } = fields;
    const details = Object.entries(others).map(([name, value]) => `${name}: ${String(value)}`);
    const tail = [...(message === undefined ? [] : [String(message)]), ...details].join("; ");
    return tail === "" ? event : `${event}: ${tail}`;
  };
  return {
    info() {},
    warn: (event, fields) => output.say(`Warning: ${line(event, fields)}`),
    error: (event, fields) => output.say(`Error: ${line(event, fields)}`),
  };
}
