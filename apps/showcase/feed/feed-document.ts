/** What an RSS or Atom document says, as items of the feed; and which of them are news since the document before. No network here. */
import { createHash } from "node:crypto";
import { parseFeed } from "@rowanmanning/feed-parser";
import { decode } from "html-entities";
import { BOUNDS, type FeedItem } from "./contract.ts";

export interface FeedEntry {
  readonly item: FeedItem;
  /** Fingerprint of what a reader would see. A date that a source moves is no news. */
  readonly words: string;
}

/** Longer documents say what was read before. */
const MOST_ENTRIES = 200;
/** Nobody defines entities in a feed but who wants a parser to multiply them. */
const DEFINES_ENTITIES = /<!ENTITY/i;

/**
 * @param address of the document: what an entry is called is unique in its source only, so this is a part of its name
 * @returns oldest first, each entry once
 * @throws Error for a document that is neither RSS nor Atom
 */
export function readFeed(text: string, address: string): readonly FeedEntry[] {
  if (DEFINES_ENTITIES.test(text)) throw new Error("The document defines entities of its own.");
  const { title, items } = parseFeed(text);
  const source = plainText(title, BOUNDS.source) || new URL(address).host;
  const byEntry = new Map<string, FeedEntry>();
  for (const parsed of items.slice(0, MOST_ENTRIES)) {
    const item = itemOf(parsed, source, address);
    if (!item || byEntry.has(item.entry)) continue;
    byEntry.set(item.entry, { item, words: hash(item.title, item.summary, item.url ?? "") });
  }
  // Documents have the newest first; entries without a date stay where they are among their neighbours.
  return [...byEntry.values()].reverse().sort(byDate);
}

/**
 * Entries that are new, or whose words have changed, since the document before; oldest first.
 *
 * @param before of the same address; `undefined`: this is the first one
 */
export function newsOf(entries: readonly FeedEntry[], before: readonly FeedEntry[] | undefined): readonly FeedEntry[] {
  const known = new Map(before?.map(({ item, words }) => [item.entry, words]));
  return entries.filter(({ item, words }) => known.get(item.entry) !== words);
}

/** For a publish: the same version of an entry is stored once, whoever finds it and however often (P5), also with another date. */
export function keyOf({ item, words }: FeedEntry): string {
  return `${item.entry}.${words}`;
}

type ParsedItem = ReturnType<typeof parseFeed>["items"][number];

/** `undefined` where there is nothing to show, or nothing to know it by. */
function itemOf(parsed: ParsedItem, source: string, address: string): FeedItem | undefined {
  const name = parsed.id ?? parsed.url ?? parsed.title;
  const title = plainText(parsed.title ?? parsed.description, BOUNDS.title);
  if (!name || !title) return undefined;
  const url = webAddress(parsed.url);
  const published = (parsed.published ?? parsed.updated)?.getTime();
  return {
    entry: hash(address, name),
    source,
    title,
    summary: plainText(parsed.description ?? parsed.content, BOUNDS.summary),
    ...(url !== undefined && { url }),
    ...(published !== undefined && { published }),
  };
}

function byDate({ item: one }: FeedEntry, { item: other }: FeedEntry): number {
  return one.published === undefined || other.published === undefined ? 0 : one.published - other.published;
}

/** 43 characters of base64url. */
function hash(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

const MARKUP = /<(?:script|style)\b[\s\S]*?<\/(?:script|style)\s*>|<!--[\s\S]*?-->|<[^>]*>/gi;

const HALF_CHARACTER = /[\uD800-\uDBFF]$/;

/** Feeds put HTML into their texts. What is left is text, which the page shows as text. */
function plainText(html: string | null, most: number): string {
  const text = decode((html ?? "").replace(MARKUP, " "))
    .replace(/\s+/g, " ")
    .trim();
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .replace(HALF_CHARACTER, "")
        .trimEnd()}…`;
}

/** `undefined` for what a reader must not be sent to, such as `javascript:`. */
function webAddress(url: string | null): string | undefined {
  if (url === null || url.length > BOUNDS.url || !URL.canParse(url)) return undefined;
  return /^https?:$/.test(new URL(url).protocol) ? url : undefined;
}
