/** Requests and answers in JSON, for the few routes that use cases have beside Eitherway. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** What went wrong, for whoever asked. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const MOST_BYTES = 16 * 1024;

/** @throws HttpError 413 or 400 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MOST_BYTES) throw new HttpError(413, `More than ${MOST_BYTES} bytes; send less.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "The body is not JSON.");
  }
}

/** Answers with what `work` gives: its result with 200, nothing with 204, an `HttpError` with its status. */
export async function answerJson(response: ServerResponse, work: () => Promise<unknown>): Promise<void> {
  try {
    const result = await work();
    if (result === undefined) response.writeHead(204).end();
    else send(response, 200, result);
  } catch (thrown) {
    if (response.destroyed) return; // whoever asked went away
    const { status, message } = thrown instanceof HttpError ? thrown : { status: 500, message: "This failed." };
    if (status === 500) console.error(thrown);
    send(response, status, { message });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(JSON.stringify(body));
}
