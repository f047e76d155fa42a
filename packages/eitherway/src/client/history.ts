/** Reads back in the log of a channel, whether or not anybody subscribes to it. A program that does not call it does not load it. */
import { fromBase64 } from "../protocol/base64.ts";
import { EitherwayError, type Id, type Payload } from "../protocol/index.ts";
import type { AnyClient, Incoming } from "./client-api.ts";
import { type HttpDoor, httpDoorOf } from "./http-door.ts";
import { ANSWER_MS, failureOf, failureOfThrown } from "./transports/http.ts";

export interface HistoryOptions {
  /** Messages before this one. Default: the newest ones. */
  readonly before?: Id | undefined;
  /** Messages at most, 1 to 1,000. Default 100. A page of large messages has fewer. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HistoryPage<T = unknown> {
  /** Oldest first, without a hole. Their `meta.replayed` is true. */
  readonly messages: readonly Incoming<T>[];
  /** The log keeps messages before these. */
  readonly hasOlder: boolean;
  /** The oldest and the newest message that the log keeps; `undefined` where it keeps none. */
  readonly oldest: Id | undefined;
  readonly head: Id | undefined;
}

/** The platform's rules for a path: what the name of a channel may have and a path may not is escaped. */
const escapePath = (channel: string): string => channel.split("/").map(encodeURIComponent).join("/");

/**
 * A page of what the server keeps of a channel, read as whoever the client's `token` says.
 *
 * @throws EitherwayError (as a rejection) of the server; `unavailable` where no server answered, or not within 30 s; what `signal`
 * was aborted with
 * @example
 * const { messages, hasOlder } = await readHistory(client, "room/42", { before: oldestShown, limit: 50 });
 */
export async function readHistory<T = unknown>(
  client: AnyClient,
  channel: string,
  { before, limit, signal }: HistoryOptions = {},
): Promise<HistoryPage<T>> {
  const query = new URLSearchParams();
  if (before !== undefined) query.set("before", before);
  if (limit !== undefined) query.set("limit", String(limit));
  const { url, token, fetch: ask = fetch } = httpDoorOf(client); // browsers want `fetch` called without an object
  const patience = createPatience(signal);
  try {
    const address = `${url}/channels/${escapePath(channel)}?${query}`;
    signal?.throwIfAborted();
    const headers = await Promise.race([readHeaders(token), patience.over]);
    const answer = await ask(address, { headers, signal: patience.signal });
    if (!answer.ok) throw await refusalOf(answer);
    return pageOf(channel, (await answer.json()) as Answer);
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof EitherwayError) throw thrown;
    const why = patience.signal.aborted ? `no answer within ${ANSWER_MS} ms` : failureOfThrown(thrown).message;
    throw new EitherwayError("unavailable", `The history of ${channel} could not be read: ${why}.`, { cause: thrown });
  } finally {
    patience.end();
  }
}

interface Patience {
  readonly signal: AbortSignal;
  /** Rejects when the signal aborts: for what takes no signal, such as a `token` function. */
  readonly over: Promise<never>;
  end(): void;
}

/** Aborts with `signal`, and when the answer takes too long: a network that is gone says nothing. */
function createPatience(signal: AbortSignal | undefined): Patience {
  const own = new AbortController();
  const over = new Promise<never>((_, reject) => own.signal.addEventListener("abort", reject));
  const abort = (): void => own.abort();
  const timer = setTimeout(abort, ANSWER_MS);
  signal?.addEventListener("abort", abort);
  return {
    signal: own.signal,
    over,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

async function readHeaders(token: HttpDoor["token"]): Promise<Record<string, string>> {
  const shown = typeof token === "function" ? await token() : token;
  return shown === undefined ? {} : { authorization: `Bearer ${shown}` };
}

/** What `GET /channels/<name>` answers. */
interface Answer {
  readonly messages: readonly AnsweredMessage[];
  /** The oldest one that is kept. */
  readonly oldest: Id | null;
  readonly head: Id | null;
}

interface AnsweredMessage {
  readonly id: Id;
  readonly event: string;
  readonly at: number;
  readonly from?: string;
  readonly data?: unknown;
  readonly text?: string;
  readonly bytes?: string;
}

function pageOf<T>(channel: string, { messages, oldest, head }: Answer): HistoryPage<T> {
  const [first] = messages;
  return {
    messages: messages.map((message) => incomingOf<T>(channel, message)),
    hasOlder: first !== undefined && first.id !== oldest,
    oldest: oldest ?? undefined,
    head: head ?? undefined,
  };
}

function incomingOf<T>(channel: string, { id, event, at, from, ...content }: AnsweredMessage): Incoming<T> {
  const [kind, data] = payloadOf(content);
  return { data: data as T, meta: { id, channel, event, at, from, kind, replayed: true, volatile: false, skipped: 0 } };
}

function payloadOf({
  data,
  text,
  bytes,
}: Pick<AnsweredMessage, "data" | "text" | "bytes">): [Payload["kind"], unknown] {
  if (text !== undefined) return ["text", text];
  if (bytes !== undefined) return ["bytes", fromBase64(bytes)];
  return ["json", data];
}

async function refusalOf(answer: Response): Promise<EitherwayError> {
  const { url: from, status, headers } = answer;
  const body = await answer.text().catch(() => "");
  const refusal = { from, status, retryAfter: headers.get("retry-after"), body };
  const { code = "unavailable", message } = failureOf(refusal, Date.now());
  return new EitherwayError(code, message);
}
