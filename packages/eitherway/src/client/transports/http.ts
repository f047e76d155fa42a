/** Requests of the HTTP transports, and what their failures mean. */
import { isEitherwayError, isErrorCode } from "../../protocol/index.ts";
import type { LinkFailure } from "../transport.ts";

const MS_PER_SECOND = 1_000;

/**
 * A POST of frames. The body goes as `text/plain`, what fetch sends for a string: across origins that needs no preflight, and
 * servers of ours do not look at it. Rejects where there is no answer.
 */
export function post(url: string, body: string, signal: AbortSignal): Promise<Response> {
  return fetch(url, { method: "POST", body, signal, cache: "no-store" });
}

/** Why an answer is not the one that was hoped for. Never rejects. */
export async function failureOf(response: Response, wallMs: number): Promise<LinkFailure> {
  const after = retryAfterMs(response.headers.get("retry-after"), wallMs);
  const body: unknown = await response.json().catch(() => undefined);
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown } };
  if (typeof error?.code === "string" && isErrorCode(error.code)) {
    return { code: error.code, message: String(error.message), ...(after !== undefined && { after }) };
  }
  // Something between us and a server of ours: its status is no word of the protocol.
  return { message: `${response.url} answered ${response.status}`, ...(after !== undefined && { after }) };
}

/** Why there is no answer. */
export function networkFailure(thrown: unknown): LinkFailure {
  if (isEitherwayError(thrown)) return { message: thrown.message }; // what came cannot be read; not the server's own word
  const { message, cause } = thrown as { message?: string; cause?: { message?: string } };
  return { message: cause?.message || message || String(thrown) };
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(header: string | null, wallMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * MS_PER_SECOND : Date.parse(header) - wallMs;
  return ms > 0 ? ms : undefined;
}
