/** The feed's client: goes on where the last visit ended, and keeps that place for the next one. */
import { createClient, type Gap, isEitherwayError, type MessageMeta, readHistory } from "eitherway/client";
import { poll, sse, webSocket } from "eitherway/client/core";
import { shareTabs } from "eitherway/client/tabs";
import { createShaper } from "../frame/shaper.ts";
import { openTabHub } from "../frame/worker-scripts.ts";
import { type FeedItem, feed } from "./contract.ts";
import { addOlder, arrive, catchUp, EMPTY_LIST, type Headline, type ReadingList, showWaiting } from "./reading-list.ts";
import { readPlace, savePlace } from "./saved-place.ts";

const URL_PATH = "/feed/eitherway";
/** A second client beside this one is a reader of its own, with a connection of its own. */
const isBeside = new URLSearchParams(location.search).has("beside");
/** One-way, so the stream that is plain HTTP comes first; all tabs have one together, since browsers allow six to a server. */
export const shaper = createShaper([sse, webSocket, poll]);
const tabs = shareTabs({ worker: openTabHub });
export const client = createClient(feed, {
  url: URL_PATH,
  transports: shaper.transports,
  share: isBeside ? undefined : shaper.share(tabs),
});

/** What the server still has, from its beginning, for any program. */
export const HISTORY_URL = `${URL_PATH}/channels/news?after=start`;

export interface Reading {
  readonly list: ReadingList;
  /** Everything that was missed is here. */
  readonly isCaughtUp: boolean;
  /** When the last visit ended. */
  readonly awaySince: number | undefined;
  /** The log could not go on from where the reader was. */
  readonly gap: Gap | undefined;
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  readonly error: string | undefined;
}

const PAGE = 30;
const PLACE = isBeside ? "feed.place.beside" : "feed.place";
const place = readPlace(PLACE);
const news = client.channel("news", { from: place?.cursor ?? "now" });
const listeners = new Set<() => void>();
let isTold = true;

let reading: Reading = {
  list: EMPTY_LIST,
  isCaughtUp: false,
  awaySince: place?.at,
  gap: undefined,
  hasOlder: false,
  isLoading: false,
  error: undefined,
};

news.on("item", (item, meta) => {
  const headline = headlineOf(item, meta);
  change({ list: (reading.isCaughtUp ? arrive : catchUp)(reading.list, headline) });
});
news.on("gap", (gap) => {
  change({ gap });
  if (reading.isCaughtUp) void readNewest();
});
news.on("live", () => {
  if (!reading.isCaughtUp) void loadOlder();
  change({ isCaughtUp: true });
});
news.on("error", ({ message }) => change({ error: message }));
addEventListener("pagehide", save); // the end of this visit

/** For `useSyncExternalStore`: the same object until something changes, told at most once a frame. */
export const readReading = (): Reading => reading;

export function watchReading(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function showNew(): void {
  change({ list: showWaiting(reading.list) });
}

export async function loadOlder(): Promise<void> {
  if (reading.isLoading) return;
  const before = reading.list.shown.at(-1)?.id;
  const page = await readPage(before);
  if (page) change({ list: addOlder(reading.list, page.headlines), hasOlder: page.hasOlder });
}

/** After a gap the newest there is waits like everything that comes: what is on the page stays. */
async function readNewest(): Promise<void> {
  const page = await readPage(undefined);
  for (const headline of page?.headlines ?? []) change({ list: arrive(reading.list, headline) });
}

async function readPage(
  before: string | undefined,
): Promise<{ readonly headlines: readonly Headline[]; readonly hasOlder: boolean } | undefined> {
  change({ isLoading: true, error: undefined });
  try {
    const { messages, hasOlder } = await readHistory<FeedItem>(client, news.name, { before, limit: PAGE });
    return { headlines: messages.map(({ data, meta }) => headlineOf(data, meta)), hasOlder };
  } catch (thrown) {
    change({ error: isEitherwayError(thrown) ? thrown.message : String(thrown) });
    return undefined;
  } finally {
    change({ isLoading: false });
  }
}

/** What waits was not seen: the place stays before it, and the next visit has it among what was missed. */
function save(): void {
  const isAllSeen = reading.isCaughtUp && reading.list.waiting.length === 0 && news.cursor !== "now";
  const cursor = isAllSeen ? news.cursor : readPlace(PLACE)?.cursor;
  if (cursor !== undefined) savePlace(PLACE, { cursor, at: Date.now() });
}

function headlineOf(item: FeedItem, { id, at }: MessageMeta): Headline {
  return { id, at, item };
}

function change(what: Partial<Reading>): void {
  reading = { ...reading, ...what };
  if (isTold) requestAnimationFrame(tell);
  isTold = false;
}

function tell(): void {
  isTold = true;
  save();
  for (const listener of listeners) listener();
}
