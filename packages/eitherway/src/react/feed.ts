/**
 * One event of a channel as it comes, joined to what the log kept of it before: no seam, nothing twice.
 *
 * The subscription comes first; once its place is known, the log is read backwards from its end. What is read then reaches at least
 * up to that place, and what lies beyond it comes twice, which ids tell. The other way round, a message between the two would be lost.
 */
import type { Gap, Incoming, MessageMeta } from "../client/client-api.ts";
import { readHistory } from "../client/history.ts";
import type { Undo } from "../client/ports.ts";
import { EitherwayError, type Id, isEitherwayError, parseId } from "../protocol/index.ts";
import { type ChannelAddress, coreClientOf, type HooksClient, openChannel } from "./client-port.ts";

export interface FeedOptions {
  readonly client: HooksClient;
  readonly address: ChannelAddress;
  readonly event: string | undefined;
  /** In the order of the log, but for one that history brought already. */
  message(data: unknown, meta: MessageMeta): void;
  /** Nothing of before continues with what comes now. */
  gap(gap: Gap): void;
  /** The place of the subscription is known: what the log has before it may be read. Again after a gap, and after each new link. */
  placed(head: Id): void;
  /** Something of the feed itself has changed. */
  changed(): void;
}

export interface Feed {
  /** The subscription is at the newest message, over an open link. */
  readonly live: boolean;
  /** Why it is not, or why history could not be read. */
  error: EitherwayError | undefined;
  /**
   * Messages of the event before an id, or the newest ones: so many, if there are, oldest first. It takes several pages where
   * other events lie between, each twice as long as the one before, but not more than a few. Rejects when the feed is closed or a gap makes it void.
   */
  readBefore(before: Id | undefined, wanted: number): Promise<Past>;
  close(): void;
}

export interface Past {
  readonly messages: readonly Incoming[];
  /** Where to go on, or `undefined` at the beginning of the log. */
  readonly before: Id | undefined;
}

const LARGEST_PAGE = 1_000;
/** A rare event in a long log shall not make one hook read all of it at once. */
const MOST_PAGES = 10;

export function openFeed(options: FeedOptions): Feed {
  const { client, address, event } = options;
  const channel = openChannel(client, address, event);
  let live = false;
  let error: EitherwayError | undefined;
  let reading = new AbortController();

  function setLive(now: boolean): void {
    if (live === now) return;
    live = now;
    options.changed();
  }

  function takeLive(id: Id): void {
    error = undefined;
    setLive(true);
    options.placed(id);
  }

  function takeGap(gap: Gap): void {
    reading.abort();
    reading = new AbortController();
    options.gap(gap);
    if (live) options.placed(gap.head);
    options.changed();
  }

  function takeError(refusal: EitherwayError): void {
    error = refusal;
    setLive(false);
    options.changed();
  }

  async function readBefore(before: Id | undefined, wanted: number): Promise<Past> {
    const { signal } = reading;
    let found: readonly Incoming[] = [];
    let next = before;
    for (let pages = 0; pages < MOST_PAGES && found.length < wanted; pages++) {
      const limit = Math.min(LARGEST_PAGE, Math.max(1, wanted) * 2 ** pages);
      const page = await readHistory(coreClientOf(client), channel.name, { before: next, limit, signal });
      signal.throwIfAborted();
      found = [...page.messages.filter(({ meta }) => event === undefined || meta.event === event), ...found];
      next = page.hasOlder ? page.messages[0]?.meta.id : undefined;
      if (next === undefined) break;
    }
    const surplus = found.length - wanted;
    if (surplus <= 0) return { messages: found, before: next };
    const messages = found.slice(surplus);
    return { messages, before: messages[0]?.meta.id };
  }

  const undos: Undo[] = [
    channel.on("gap", takeGap),
    channel.on("live", takeLive),
    channel.on("error", takeError),
    channel.onMessage(options.message),
    client.on("status", ({ state }) => {
      if (state !== "open") setLive(false);
    }),
  ];
  // Somebody else of this client is subscribed already: no `live` will say so.
  const { cursor } = channel;
  if (parseId(cursor)) {
    live = client.status.state === "open";
    queueMicrotask(() => {
      if (!reading.signal.aborted) options.placed(cursor);
    });
  }

  return {
    get live() {
      return live;
    },
    get error() {
      return error;
    },
    set error(now) {
      error = now;
    },
    readBefore,
    close() {
      reading.abort();
      for (const undo of undos) undo();
    },
  };
}

/** What went wrong with reading; `undefined` for what was given up. */
export function readingError(thrown: unknown): EitherwayError | undefined {
  if (isEitherwayError(thrown)) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") return undefined;
  return new EitherwayError("internal", `History could not be read: ${String(thrown)}.`, { cause: thrown });
}
