/** The plain HTTP door of one channel: `GET` reads history (and may wait for more), `POST` publishes. */
import {
  type CommandKey,
  type HttpAnswer,
  type HttpExchange,
  type Hub,
  type Identity,
  type Page,
  type PageLimit,
  type Position,
  permit,
} from "../core/index.ts";
import {
  bytesPayload,
  type Cursor,
  checkChannelName,
  checkEventName,
  checkKey,
  checkLogName,
  DEFAULT_EVENT,
  EitherwayError,
  type Epoch,
  formatId,
  isCursor,
  type Message,
  messageText,
  type Payload,
  parsedJsonPayload,
  parseId,
  quote,
  textPayload,
} from "../protocol/index.ts";
import { jsonAnswer } from "./answers.ts";
import { waitForMessages } from "./doorbell.ts";
import { type CachedPage, cacheHeaders, isFinalAfter, isFinalBefore, isKnown } from "./page-cache.ts";
import { MAX_WAIT_SECONDS } from "./poll.ts";
import {
  decodePercent,
  decodeUtf8,
  HTTP_CLIENT,
  headerText,
  identify,
  readQuery,
  single,
  wholeNumber,
} from "./requests.ts";

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;
/** A page ends at whatever comes first; the default of a whole log. */
const PAGE_BYTES = 1024 * 1024;

/** The channel that a path names: what follows `/channels/`, percent-decoded. Throws `bad-channel` or `bad-request`. */
function channelOfPath(path: string, check: (name: string) => void): string {
  const name = decodePercent(path.replace(/^\/channels\//, ""));
  check(name);
  return name;
}

/**
 * `GET /channels/<name>?after=&before=&limit=&wait=`. Without `after` and `before`: the newest messages. `wait` (seconds) holds
 * the answer while there is nothing after `after`. Stores may keep what was not waited for.
 */
export async function serveHistory(hub: Hub, exchange: HttpExchange): Promise<void> {
  const channel = channelOfPath(exchange.path, checkLogName);
  hub.rules?.checkChannel(channel);
  const who = await identify(hub, exchange, HTTP_CLIENT);
  await permit(who, channel, "history");
  hub.spend(who, 1);
  const query = readQuery(exchange.query);
  const messages = wholeNumber(query, "limit", { least: 1, most: LARGEST_PAGE, otherwise: DEFAULT_PAGE });
  const limit = { messages, bytes: PAGE_BYTES };
  const wait = wholeNumber(query, "wait", { least: 0, most: MAX_WAIT_SECONDS, otherwise: 0 });
  const [after, before] = [single(query, "after"), single(query, "before")];
  if (after !== undefined && before !== undefined) {
    throw new EitherwayError("bad-request", "The query has after and before; give one of them.");
  }
  if (after === undefined) {
    if (wait > 0)
      throw new EitherwayError("bad-request", "The query has wait but no after; add after=now or after=<id>.");
    respondPage(exchange, who, await pageBefore(hub, channel, before, limit));
    return;
  }
  if (!isCursor(after)) throw badCursor("after", after, '"start", "now" or an id');
  const answer = await pageAfter(hub, channel, after, limit, { exchange, who, wait });
  if (!answer) return;
  if (wait > 0 || answer.gap) exchange.respond(historyAnswer(answer));
  else respondPage(exchange, who, answer);
}

/** `POST /channels/<name>`: the body is the payload, its kind follows from the content type. */
export async function servePublish(hub: Hub, exchange: HttpExchange): Promise<void> {
  const channel = channelOfPath(exchange.path, checkChannelName);
  const event = headerText(exchange, "eitherway-event") ?? DEFAULT_EVENT;
  checkEventName(event);
  const who = await identify(hub, exchange, HTTP_CLIENT);
  await permit(who, channel, "publish");
  hub.spend(who, 1);
  const key = readKey(headerText(exchange, "idempotency-key"), who);
  const kind = kindOf(exchange.header("content-type"));
  const payload = readPayload(kind, await exchange.body(hub.limits.messageBytes));
  const [receipt] = await hub.publish(channel, [
    { event, payload, ...(key && { key }), ...(who.user !== undefined && { from: who.user }) },
  ]);
  if (!receipt) throw new EitherwayError("internal", "The broker gave no receipt.");
  if (!receipt.ok) throw receipt.error;
  // A volatile message was told to those who listen: there is nothing that an id could name.
  exchange.respond(receipt.id === undefined ? jsonAnswer(202, {}) : jsonAnswer(201, { id: receipt.id }));
}

// --- history ---

/** A page as it is answered. */
interface HistoryAnswer extends CachedPage {
  readonly channel: string;
  /** Each as JSON text, in which a JSON payload is as it came: no number loses a digit. */
  readonly messages: readonly string[];
  readonly gap?: { readonly why: string; readonly oldest: string | null; readonly head: string | null };
}

async function pageBefore(
  hub: Hub,
  channel: string,
  before: string | undefined,
  limit: PageLimit,
): Promise<HistoryAnswer> {
  if (before !== undefined && !parseId(before)) throw badCursor("before", before, "an id");
  const page = await hub.broker.readBefore(channel, before, limit);
  if (!page) return emptyAnswer(channel);
  return pageAnswer(channel, page.epoch, page, before !== undefined && isFinalBefore(page));
}

/** `undefined` when the client went away while we waited. */
async function pageAfter(
  hub: Hub,
  channel: string,
  after: Cursor,
  limit: PageLimit,
  { exchange, who, wait }: { exchange: HttpExchange; who: Identity; wait: number },
): Promise<HistoryAnswer | undefined> {
  const page = await hub.broker.read(channel, after, limit);
  if (wait === 0 || page.kind === "gap" || (page.kind === "messages" && page.messages.length > 0)) {
    return answerOf(channel, after, page);
  }
  if (page.kind === "none" && parseId(after)) return answerOf(channel, after, page);
  // "now" is this moment, not the one in which the link below is open; a log that is not there yet is read from its start.
  const from = page.kind === "none" ? "start" : after === "now" ? formatId(page.epoch, page.head.seq) : after;
  if ((await waitForMessages(hub, exchange, who, channel, from, wait)) === "abandoned") return undefined;
  return answerOf(channel, from, await hub.broker.read(channel, from, limit));
}

function answerOf(channel: string, after: Cursor, page: Page): HistoryAnswer {
  switch (page.kind) {
    case "messages":
      return pageAnswer(channel, page.epoch, page, parseId(after) !== undefined && isFinalAfter(page));
    case "gap": {
      const [oldest, head] = [idOf(page.oldest), idOf(page.head)];
      return { ...emptyAnswer(channel), oldest, head, gap: { why: page.why, oldest, head } };
    }
    case "none":
      // An id of a log that is gone: what it stood for cannot be continued, and that is said (P2).
      if (!parseId(after)) return emptyAnswer(channel);
      return { ...emptyAnswer(channel), gap: { why: "unknown", oldest: null, head: null } };
  }
}

function pageAnswer(
  channel: string,
  epoch: Epoch,
  page: { messages: readonly Message[]; oldest: Position; head: Position },
  isFinal: boolean,
): HistoryAnswer {
  const messages = page.messages.map((message) => messageText(epoch, message));
  const ids = page.messages.map(({ seq }) => formatId(epoch, seq));
  return { channel, messages, ids, oldest: idOf(page.oldest), head: idOf(page.head), isFinal };
}

const NOT_MODIFIED: HttpAnswer = { status: 304, headers: {} };

function respondPage(exchange: HttpExchange, who: Identity, page: HistoryAnswer): void {
  const caching = cacheHeaders(page, who);
  const { headers, ...answer } = isKnown(exchange, caching.etag) ? NOT_MODIFIED : historyAnswer(page);
  exchange.respond({ ...answer, headers: { ...headers, ...caching } });
}

function historyAnswer({ channel, messages, oldest, head, gap }: HistoryAnswer): HttpAnswer {
  const places = { oldest, head, gap };
  const answer = jsonAnswer(200, places);
  const start = `{"channel":${JSON.stringify(channel)},"messages":[${messages.join()}],`;
  return { ...answer, body: start + JSON.stringify(places).slice("{".length) };
}

function emptyAnswer(channel: string): HistoryAnswer {
  return { channel, messages: [], ids: [], oldest: null, head: null, isFinal: false };
}

function idOf({ epoch, seq }: Position): string {
  return formatId(epoch, seq);
}

function badCursor(name: string, given: string, wanted: string): EitherwayError {
  return new EitherwayError("bad-cursor", `Parameter ${name} is ${quote(given)}; give ${wanted}.`);
}

// --- publish ---

/** Keys of this door are foreign ones, each remembered by itself, whatever they look like. */
function readKey(key: string | undefined, { user = "" }: Identity): CommandKey | undefined {
  if (key === undefined) return undefined;
  checkKey(key);
  return { kind: "foreign", user, key };
}

const MEDIA_TYPE = /^([^\s;/]+\/[^\s;]+)\s*(?:;(.*))?$/;
const CHARSET = /(?:^|;)\s*charset\s*=\s*"?([^";\s]*)/i;

/** Throws `unsupported-type`. */
export function kindOf(contentType: string | undefined): Payload["kind"] {
  const [, type = "", parameters = ""] = MEDIA_TYPE.exec(contentType?.trim().toLowerCase() ?? "") ?? [];
  const kind =
    type === "application/json" || type.endsWith("+json")
      ? "json"
      : type.startsWith("text/")
        ? "text"
        : type === "application/octet-stream"
          ? "bytes"
          : undefined;
  const charset = CHARSET.exec(parameters)?.[1] ?? "utf-8";
  if (!kind || (kind !== "bytes" && charset !== "utf-8" && charset !== "utf8")) {
    const given = contentType === undefined ? "missing" : quote(contentType);
    throw new EitherwayError(
      "unsupported-type",
      `The content type is ${given}; send application/json, text/plain (both UTF-8) or application/octet-stream.`,
    );
  }
  return kind;
}

function readPayload(kind: Payload["kind"], body: Uint8Array): Payload {
  switch (kind) {
    case "json":
      return parsedJsonPayload(decodeUtf8(body, "The payload"));
    case "text":
      return textPayload(decodeUtf8(body, "The payload"));
    case "bytes":
      return bytesPayload(body);
  }
}
