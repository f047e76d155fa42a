/** Asks one source for its document, politely: conditional requests, bounded bodies, a pause that grows with failures. */
import { type FeedEntry, newsOf, readFeed } from "./feed-document.ts";
import { type PollOutcome, type PollPace, readFreshFor, readRetryAfter, waitAfter } from "./poll-plan.ts";

export interface PollerOptions extends PollPace {
  readonly address: string;
  readonly fetch: (address: string, init: RequestInit) => Promise<Response>;
  /** Oldest first. While it fails the entries stay news. */
  publish(news: readonly FeedEntry[]): Promise<unknown>;
  /** Why there was no document. */
  failed(why: string): void;
  /** Milliseconds since 1970. */
  now(): number;
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 2 * 1024 * 1024;
const NOT_MODIFIED = 304;
const GONE = 410;

/** Begins at once. @returns ends it, and the request that is under way */
export function startPoller(options: PollerOptions): () => void {
  const source = createSource(options);
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  async function poll(): Promise<void> {
    const outcome = await source.ask(ended.signal).catch((cause: unknown): PollOutcome => {
      if (!ended.signal.aborted) options.failed(wordsOf(cause));
      return { kind: "failed", retryAfterMs: 0 };
    });
    failures = outcome.kind === "failed" ? failures + 1 : 0;
    const wait = waitAfter(outcome, failures, options);
    if (wait !== undefined && !ended.signal.aborted) timer = setTimeout(poll, wait).unref();
  }

  void poll();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}

interface Source {
  /** Asks once, and publishes what is new. Rejects where there is no answer, or a document that is none. */
  ask(signal: AbortSignal): Promise<PollOutcome>;
}

function createSource({ address, fetch, publish, failed, now }: PollerOptions): Source {
  let validators: Record<string, string> = {};
  let before: readonly FeedEntry[] | undefined;

  return {
    async ask(ended) {
      const signal = AbortSignal.any([ended, AbortSignal.timeout(TIMEOUT_MS)]);
      const answer = await fetch(address, { headers: { accept: ACCEPTED, "user-agent": NAME, ...validators }, signal });
      const { status, headers } = answer;
      const answered = { kind: "answered", freshForMs: readFreshFor(headers.get("cache-control")) } as const;
      if (answer.ok) {
        const entries = readFeed(await readBody(answer), address);
        await publish(newsOf(entries, before));
        before = entries;
        validators = validatorsOf(headers); // only now: what was not published is asked for again
        return answered;
      }
      await answer.body?.cancel();
      if (status === NOT_MODIFIED) return answered;
      failed(`HTTP ${status}`);
      if (status === GONE) return { kind: "gone" };
      return { kind: "failed", retryAfterMs: readRetryAfter(headers.get("retry-after"), now()) };
    },
  };
}

const ACCEPTED = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8";
const NAME = "eitherway-showcase (feed reader)";

function validatorsOf(headers: Headers): Record<string, string> {
  const [etag, changed] = [headers.get("etag"), headers.get("last-modified")];
  return { ...(etag !== null && { "if-none-match": etag }), ...(changed !== null && { "if-modified-since": changed }) };
}

async function readBody({ body, headers }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) throw new Error(`The document is larger than ${MOST_BYTES} bytes.`); // leaving the loop ends the request
    pieces.push(piece);
  }
  return decodeText(Buffer.concat(pieces), /charset="?([^";\s]+)/i.exec(headers.get("content-type") ?? "")?.[1]);
}

function decodeText(bytes: Uint8Array, encoding = "utf-8"): string {
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // no encoding that anybody knows
  }
}

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message} (${cause.cause.message})` : cause.message;
}
