/** The one channel of the feed, for both ends: headlines of all sources, in the order in which this server found them. */
import { channel, contract } from "eitherway/contract";
import * as v from "valibot";

const MOST_TITLE = 300;
const MOST_SUMMARY = 500;
const MOST_NAME = 120;
const MOST_URL = 2_000;

const item = v.object({
  /** Of the entry, whatever its version: what comes with the same one later has replaced it. */
  entry: v.pipe(v.string(), v.minLength(1), v.maxLength(MOST_NAME)),
  source: v.pipe(v.string(), v.maxLength(MOST_NAME)),
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(MOST_TITLE)),
  summary: v.pipe(v.string(), v.maxLength(MOST_SUMMARY)),
  url: v.optional(v.pipe(v.string(), v.url(), v.maxLength(MOST_URL))),
  /** When it was published, in milliseconds since 1970, where its source says that. */
  published: v.optional(v.number()),
});

export type FeedItem = v.InferOutput<typeof item>;
export const BOUNDS = { title: MOST_TITLE, summary: MOST_SUMMARY, source: MOST_NAME, url: MOST_URL } as const;

export const feed = contract({
  news: channel("news", {
    events: { item },
    /** A reader who was away for a week still gets exactly what he missed. */
    history: { max: 10_000, bytes: "8mb", age: "7d" },
  }),
});
