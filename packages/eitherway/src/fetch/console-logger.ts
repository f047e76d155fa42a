/** A `Logger` for people and log collectors: one JSON object a line. */
import type { Logger } from "../core/index.ts";

export interface ConsoleLoggerOptions {
  /** Takes lines, without their ends. Default: standard error, so that standard output stays free for results. */
  readonly write?: (line: string) => void;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly wall?: () => number;
}

/**
 * @example
 * createConsoleLogger().warn("link closed", { code: "slow" });
 * // {"time":"2026-01-02T03:04:05.678Z","level":"warn","event":"link closed","code":"slow"}
 */
export function createConsoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const write = options.write ?? ((line) => console.error(line));
  const wall = options.wall ?? Date.now;
  const log =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const time = new Date(wall()).toISOString();
      write(stringify({ time, level, event, ...fields }));
    };
  return { info: log("info"), warn: log("warn"), error: log("error") };
}

/** A field that JSON cannot say (a cycle, a bigint) must not make logging fail. */
function stringify(line: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(line);
  } catch {
    return JSON.stringify(Object.fromEntries(Object.entries(line).map(([name, value]) => [name, String(value)])));
  }
}
