/** Requests of the HTTP transports, and what their failures mean. */
import { type ErrorCode, isErrorCode, jsonClientCodec } from "../../protocol/index.ts";
import type { Destination, Greeting, LinkFailure } from "../transport.ts";

const MS_PER_SECOND = 1_000;

/** An answer that takes longer is taken for lost; the server itself waits for nothing this long. */
export const ANSWER_MS = 30_000;

/** The hello that each request begins with. */
export function helloLine(to: Pick<Destination, "who">, channels: Greeting["channels"], wait?: number): string {
  return jsonClientCodec.writeClient({ t: "hello", ...to.who, channels, wait });
}

/**
 * A POST of frames; `take` reads a good answer. Resolves with the failure, if there is one, and never rejects.
 *
 * The body goes as `text/plain`, what fetch sends for a string: across origins that needs no preflight, and servers of ours do
 * not look at it.
 */
export async function exchange(
  { url, clock, fetch: ask = fetch }: Pick<Destination, "url" | "clock" | "fetch">,
  door: string,
  body: string,
  signal: AbortSignal,
  take: (answer: Response) => Promise<LinkFailure | undefined>,
): Promise<LinkFailure | undefined> {
  try {
    const answer = await ask(`${url}/${door}`, { method: "POST", body, signal, cache: "no-store" });
    if (answer.ok) return await take(answer);
    const { url: from, status, headers } = answer;
    return failureOf(
      { from, status, retryAfter: headers.get("retry-after"), body: await answer.text().catch(() => "") },
      clock.wall(),
    );
  } catch (thrown) {
    return failureOfThrown(thrown);
  }
}

export function failureOfThrown(thrown: unknown): LinkFailure {
  const { message, cause } = thrown as { message?: string; cause?: { message?: string } };
  return { message: cause?.message || message || String(thrown) };
}

export interface Refusal {
  /** The address that answered. */
  readonly from: string;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

/** What an answer says that is not the one that was hoped for. */
export function failureOf({ from, status, retryAfter, body }: Refusal, wallMs: number): LinkFailure {
  const after = retryAfterMs(retryAfter, wallMs);
  const { code, message } = errorOf(body);
  if (isErrorCode(String(code))) return { code: code as ErrorCode, message: String(message), after };
  // Something between us and a server of ours: its status is no word of the protocol.
  return { message: `${from} answered ${status}`, after };
}

function errorOf(body: string): { readonly code?: unknown; readonly message?: unknown } {
  try {
    return (JSON.parse(body) as { error?: object } | null)?.error ?? {};
  } catch {
    return {};
  }
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(header: string | null, wallMs: number): number | undefined {
  const ms = /^\d+$/.test(header ?? "") ? Number(header) * MS_PER_SECOND : Date.parse(header ?? "") - wallMs;
  return ms > 0 ? ms : undefined;
}
