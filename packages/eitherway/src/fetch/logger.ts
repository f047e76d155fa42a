/** A `Logger` for log collectors: one JSON object a line, written by pino. */
import { type LoggerOptions as PinoOptions, pino } from "pino";
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
  const lines = "pino" in options ? options.pino : createLines(options);
  return {
    info: (event, fields = {}) => lines.info(fields, event),
    warn: (event, fields = {}) => lines.warn(fields, event),
    error: (event, fields = {}) => lines.error(fields, event),
  };
}

/** Fields that would hold what a client sends in confidence. No line of ours has one of them: this is the second wall. */
const CONFIDENTIAL = ["token", "authorization", "cookie", "data", "payload", "password", "secret"];

const SETTINGS: PinoOptions = {
  base: null, // neither process id nor host name: collectors know them, and they are the same in each line
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
  redact: CONFIDENTIAL.flatMap((name) => [name, `*.${name}`]),
};

function createLines({ level = "info", write = writeToConsole }: LineOptions): PinoLike {
  if (!LOG_LEVELS.includes(level)) throw noSuchLevel(level);
  const lines = pino({ ...SETTINGS, level }, { write: (line) => write(line.slice(0, -1)) });
  return {
    info: (fields, event) => lines.info({ event, ...fields }),
    warn: (fields, event) => lines.warn({ event, ...fields }),
    error: (fields, event) => lines.error({ event, ...fields }),
  };
}

/** On every host, at once, and without an error when nobody reads: no line waits in memory for a process that ends. */
function writeToConsole(line: string): void {
  console.error(line);
}

function noSuchLevel(level: string): EitherwayError {
  return new EitherwayError(
    "bad-request",
    `There is no log level ${quote(String(level))}; known: ${LOG_LEVELS.join(", ")}.`,
  );
}
