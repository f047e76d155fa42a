/** One HTTP request as the doctor needs it: every header as it came, the body piece by piece with its time, nothing followed or decoded. */
import { type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly message: IncomingMessage;
}

/** Resolves with the head. Rejects where none comes. Certificates are not checked: that is not what is asked. */
export function request(url: URL, { method = "GET", headers = {}, body, signal }: RequestOptions): Promise<Answer> {
  const send = url.protocol === "https:" ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const sent = send(url, { method, headers, signal, agent: false, rejectUnauthorized: false }, (message) => {
      message.on("error", ignore); // who reads hears of it by the end of the body
      resolve({ status: message.statusCode ?? 0, headers: message.headers, message });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The answer with its text. */
export async function ask(url: URL, options: RequestOptions): Promise<Answer & { readonly body: string }> {
  const answer = await request(url, options);
  return { ...answer, body: await textOf(answer.message) };
}

/** An answer of ours is far below that; somebody else's is not read to its end. */
const MOST_CHARACTERS = 65_536;
const TEXT_MS = 5_000;

/** A body, or as much of it as comes in 5 s: what hangs, is cut or never ends is no news here. */
export async function textOf(message: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => message.destroy(), TEXT_MS);
  let text = "";
  try {
    for await (const piece of message.setEncoding("utf8")) {
      text += piece;
      if (text.length > MOST_CHARACTERS) break; // which destroys it
    }
  } catch {
    // What came counts.
  } finally {
    clearTimeout(timer);
  }
  return text;
}

/** The code of an error of ours; `undefined`: somebody else answered. */
export function codeOf(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { readonly error?: { readonly code?: unknown } };
    return typeof error?.code === "string" ? error.code : undefined;
  } catch {
    return undefined;
  }
}

function ignore(): void {}
