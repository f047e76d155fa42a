/** `GET /events?channel=…`: channels as a plain event stream, for `EventSource` and `curl`. */
import type { HttpExchange, Hub } from "../core/index.ts";
import {
  type Cursor,
  checkLogName,
  createEventsFraming,
  EitherwayError,
  eventsFraming,
  type Framing,
  isCursor,
  isErrorCode,
  quote,
} from "../protocol/index.ts";
import { readQuery, single } from "./requests.ts";
import { openStreamLink } from "./stream-link.ts";
import { identifyReader } from "./tickets.ts";

/** Names of that many channels still fit into a URL that proxies take. */
const MAX_EVENT_CHANNELS = 32;

/**
 * One channel: the payload of each message. Several: each message as JSON, with all cursors after each write.
 *
 * Rejects, with nothing answered, for a bad query. An `EventSource` cannot be told of a bad `Last-Event-ID` that way, since it
 * would never come back: it gets a `gap` and goes on from the head.
 */
export async function serveEvents(hub: Hub, exchange: HttpExchange): Promise<void> {
  const query = readQuery(exchange.query);
  const channels = readChannels(query.get("channel") ?? []);
  const { cursors, broken } = readCursors(exchange, query, channels);
  const framing = channels.length === 1 ? eventsFraming : createEventsFraming(channels, cursors);
  const client = anonymousClient(hub);
  const who = await identifyReader(hub, exchange, client);
  const hello = { t: "hello", client, channels: new Map(zip(channels, cursors)) } as const;
  const errorsFirst = { channels: channels.length, read: readFailure };
  openStreamLink(
    {
      hub,
      exchange,
      transport: "events",
      framing: broken.size > 0 ? blameUnknown(framing, broken) : framing,
      errorsFirst,
    },
    hello,
    who,
  );
}

function readChannels(names: readonly string[]): readonly string[] {
  if (names.length < 1 || names.length > MAX_EVENT_CHANNELS) {
    throw new EitherwayError(
      "bad-request",
      `The query names ${names.length} channels; give 1 to ${MAX_EVENT_CHANNELS} as ?channel=room/42&channel=…`,
    );
  }
  for (const name of names) checkLogName(name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new EitherwayError("bad-request", `Channel ${quote(twice)} is named twice.`);
  return names;
}

interface EventCursors {
  /** One for each channel, in order. */
  readonly cursors: readonly Cursor[];
  /** Channels whose cursor in `Last-Event-ID` was not one. */
  readonly broken: Set<string>;
}

/** No log ever had this id, so it gives a gap. */
const NO_ID: Cursor = "000000000000-00000000";

/** `Last-Event-ID` wins: an `EventSource` that reconnects repeats the URL of its first request (S6). */
function readCursors(
  exchange: HttpExchange,
  query: ReadonlyMap<string, readonly string[]>,
  channels: readonly string[],
): EventCursors {
  const [fromId, fromAfter] = [single(query, "lastEventId"), single(query, "after")];
  const lastEventId = exchange.header("last-event-id");
  if (lastEventId) {
    const parts = lastEventId.split(",").map((part) => part.trim());
    const cursors = channels.map((_, i) => {
      const part = parts.length === channels.length ? parts[i] : undefined;
      return isCursor(part) ? part : NO_ID;
    });
    return { cursors, broken: new Set(channels.filter((_, i) => cursors[i] === NO_ID)) };
  }
  const given = fromId ?? fromAfter;
  if (given === undefined) return { cursors: channels.map(() => "now"), broken: new Set() };
  const parts = given.split(",");
  if (parts.length !== channels.length || !parts.every(isCursor)) {
    throw new EitherwayError(
      "bad-cursor",
      `The query's cursor is ${quote(given)}; give "start", "now" or an id for each channel, in order, split by commas.`,
    );
  }
  return { cursors: parts, broken: new Set() };
}

/**
 * Says `unknown` in the first gap of each channel whose cursor was broken; the log itself can only tell that it never knew the
 * stand-in. A framing of its own: such a link shares no encoding with others, and is rare.
 */
function blameUnknown(framing: Framing, broken: Set<string>): Framing {
  return {
    name: framing.name,
    run: (run) => framing.run(run),
    frame: (frame) =>
      framing.frame(frame.t === "gap" && broken.delete(frame.channel) ? { ...frame, why: "unknown" } : frame),
  };
}

const CLIENT_DIGITS = 12;
const RADIX = 36;

/** A client that only listens has no commands to be told apart by. */
function anonymousClient(hub: Hub): string {
  const digits = Array.from({ length: CLIENT_DIGITS }, () => Math.floor(hub.random() * RADIX).toString(RADIX));
  return `events-${digits.join("")}`;
}

const utf8 = new TextDecoder();
const DATA_LINE = /^data: ([^\n]*)/m; // not ".": a channel name in it may have U+2028

/** Reads a `failure` block back, to give it as an HTTP answer. */
function readFailure(block: Uint8Array): EitherwayError {
  const data = DATA_LINE.exec(utf8.decode(block))?.[1] ?? "{}";
  const { code, message } = JSON.parse(data) as { code?: string; message?: string };
  return new EitherwayError(code !== undefined && isErrorCode(code) ? code : "internal", message ?? "");
}

function zip<A, B>(left: readonly A[], right: readonly B[]): readonly [A, B][] {
  return left.map((item, i) => [item, right[i] as B]);
}
