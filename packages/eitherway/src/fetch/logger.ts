/** A `Logger` for log collectors: one JSON object a line. By itself it needs web standards alone; Node's half (node/logger.ts) has pino. */
import type { Logger } from "../core/index.ts";
import { EitherwayError, quote } from "../protocol/index.ts";

export const LOG_LEVELS = ["info", "warn", "error", "silent"] as const;

/** Lines of this level and of more urgent ones are written; `silent`: none. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What is used of a pino, so that those of other versions, and Fastify's `app.log`, are taken as well. */
export interface PinoLike {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LineOptions {
  /** Default: `info`. */
  readonly level?: LogLevel | undefined;
  /** Takes lines, without their ends. Default: standard error, so that standard output stays free for results. */
  readonly write?: ((line: string) => void) | undefined;
}

export interface PinoOfYours {
  /** Writes the lines by its own settings: level, format, redaction, where to. The event is the message. */
  readonly pino: PinoLike;
}

export type LoggerOptions = LineOptions | PinoOfYours;

/**
 * @throws EitherwayError `bad-request` for a level that there is not
 * @example
 * createLogger().warn("link closed", { code: "slow" });
 * // {"level":"warn","time":"2026-01-02T03:04:05.678Z","event":"link closed","code":"slow"}
 * eitherway({ logger: createLogger({ pino: app.log }) });
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  if ("pino" in options) return loggerOf(options.pino);
  const { level, write } = readLineOptions(options);
  const log = (name: keyof Logger): Logger["info"] =>
    LOG_LEVELS.indexOf(name) < LOG_LEVELS.indexOf(level)
      ? () => {}
      : (event, fields = {}) => write(stringify({ level: name, time: new Date().toISOString(), event, ...fields }));
  return { info: log("info"), warn: log("warn"), error: log("error") };
}

/** Fields that would hold what a client sends in confidence. No line of ours has one of them: this is the second wall. */
export const CONFIDENTIAL = ["token", "authorization", "cookie", "data", "payload", "password", "secret"];

function loggerOf(pino: PinoLike): Logger {
  return {
    info: (event, fields = {}) => pino.info(fields, event),
    warn: (event, fields = {}) => pino.warn(fields, event),
    error: (event, fields = {}) => pino.error(fields, event),
  };
}

interface Lines {
  readonly level: LogLevel;
  readonly write: (line: string) => void;
}

/** With their defaults. */
export function readLineOptions({ level = "info", write = writeToConsole }: LineOptions): Lines {
  if (LOG_LEVELS.includes(level)) return { level, write };
  throw new EitherwayError(
    "bad-request",
    `There is no log level ${quote(String(level))}; known: ${LOG_LEVELS.join(", ")}.`,
  );
}

/** On every host, at once, and without an error when nobody reads: no line waits in memory for a process that ends. */
function writeToConsole(line: string): void {
  console.error(line);
}

/** A field that JSON cannot say (a cycle, a bigint) must not make logging fail. */
function stringify(line: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(line, redacted);
  } catch {
    return JSON.stringify(
      Object.fromEntries(Object.entries(line).map(([name, value]) => [name, String(value)])),
      redacted,
    );
  }
}

function redacted(name: string, value: unknown): unknown {
  return CONFIDENTIAL.includes(name) ? "[Redacted]" : value;
}
