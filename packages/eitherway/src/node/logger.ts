/** Lines of the log on Node, written by pino. Elsewhere it is not loaded: to ask for the host's name, as it does, is denied by Deno. */
import { type LoggerOptions as PinoOptions, pino } from "pino";
import type { Logger } from "../core/index.ts";
import {
  CONFIDENTIAL,
  createLogger as createWebLogger,
  type LineOptions,
  type LoggerOptions,
  readLineOptions,
} from "../fetch/logger.ts";

/**
 * @throws EitherwayError `bad-request` for a level that there is not
 * @example
 * createLogger().warn("link closed", { code: "slow" });
 * // {"level":"warn","time":"2026-01-02T03:04:05.678Z","event":"link closed","code":"slow"}
 * eitherway({ logger: createLogger({ pino: app.log }) });
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  return "pino" in options ? createWebLogger(options) : createLines(options);
}

const SETTINGS: PinoOptions = {
  base: null, // neither process id nor host name: collectors know them, and they are the same in each line
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
  redact: CONFIDENTIAL.flatMap((name) => [name, `*.${name}`]),
};

function createLines(options: LineOptions): Logger {
  const { level, write } = readLineOptions(options);
  const lines = pino({ ...SETTINGS, level }, { write: (line) => write(line.slice(0, -1)) });
  return {
    info: (event, fields) => lines.info({ event, ...fields }),
    warn: (event, fields) => lines.warn({ event, ...fields }),
    error: (event, fields) => lines.error({ event, ...fields }),
  };
}
