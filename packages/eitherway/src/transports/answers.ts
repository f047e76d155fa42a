/** HTTP answers that all doors share, and how an error becomes one. */
import { causeOf, type HttpAnswer, type HttpExchange, type Logger } from "../core/index.ts";
import { type EitherwayError, httpStatus, toEitherwayError } from "../protocol/index.ts";

/** Answers are about this moment: nobody may store them, nor guess another type. */
const COMMON_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** Seconds that a client waits at least after a retryable refusal that names no time of its own. */
const RETRY_AFTER_SECONDS = 1;

const MS_PER_SECOND = 1_000;

export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  return { status, headers: { ...COMMON_HEADERS, "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** Frames, one JSON object a line. */
export function linesAnswer(body: Uint8Array): HttpAnswer {
  return { status: 200, headers: { ...COMMON_HEADERS, "content-type": "application/x-ndjson" }, body };
}

/**
 * `{"error":{"code","message","retry","details"?}}` with the status of the code; where trying again helps, `retry-after` says when.
 *
 * @param after milliseconds to stay away, where the server wishes for a time
 */
export function errorAnswer(error: EitherwayError, after = afterOf(error)): HttpAnswer {
  const { code, message, retry, details } = error;
  const answer = jsonAnswer(httpStatus(code), { error: { code, message, retry, details } });
  const seconds = after === undefined ? RETRY_AFTER_SECONDS : Math.ceil(after / MS_PER_SECOND);
  const extra = {
    ...(retry && { "retry-after": String(seconds) }),
    ...(code === "upgrade-required" && { upgrade: "websocket" }), // RFC 9110 section 15.5.22 wants it named
  };
  return { ...answer, headers: { ...answer.headers, ...extra } };
}

/** Milliseconds for which somebody is to stay away, where the refusal knows. */
export function afterOf({ code, details }: EitherwayError): number | undefined {
  return code === "rate-limited" ? (details as { readonly after: number } | undefined)?.after : undefined;
}

/**
 * Runs a door. What it throws before it answered becomes the answer; what is not one of our errors is logged as well.
 */
export async function answerErrors(exchange: HttpExchange, logger: Logger, door: () => Promise<void>): Promise<void> {
  try {
    await door();
  } catch (thrown) {
    const error = toEitherwayError(thrown);
    if (error.code === "internal") {
      logger.error("request failed", {
        method: exchange.method,
        path: exchange.path,
        cause: causeOf(error.cause ?? error),
      });
    }
    exchange.respond(errorAnswer(error));
  }
}
