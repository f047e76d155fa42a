/** What somebody reads: what is on the page, and what has come since and waits until he wants it. Pure; every change is a new list. */
import type { FeedItem } from "./contract.ts";

export interface Headline {
  /** Of the message: the place in the log. */
  readonly id: string;
  /** When this server heard of it, in milliseconds since 1970. */
  readonly at: number;
  readonly item: FeedItem;
}

export interface ShownHeadline extends Headline {
  /** Came while nobody was here. */
  readonly wasMissed: boolean;
  /** An older version of it was on the page. */
  readonly isUpdate: boolean;
}

export interface ReadingList {
  /** Newest first; each entry once, as its newest version says it. */
  readonly shown: readonly ShownHeadline[];
  /** What has come since, oldest first; each entry once. */
  readonly waiting: readonly Headline[];
}

export const EMPTY_LIST: ReadingList = { shown: [], waiting: [] };

/** What is beyond, `addOlder` brings again. */
const MOST_SHOWN = 500;

/** Something came while the page is open: it waits, so that nothing moves under the reader's eyes. */
export function arrive(list: ReadingList, headline: Headline): ReadingList {
  if (isShown(list, headline)) return list;
  return { ...list, waiting: [...without(list.waiting, headline), headline] };
}

/** Something came while nobody was here: it stands above what was seen. */
export function catchUp({ shown, waiting }: ReadingList, headline: Headline): ReadingList {
  return { shown: onTop(shown, headline, true), waiting };
}

/** The reader wants what waits. What he had missed before is no news any more. */
export function showWaiting({ shown, waiting }: ReadingList): ReadingList {
  const seen = shown.map((headline) => ({ ...headline, wasMissed: false }));
  return { shown: waiting.reduce<readonly ShownHeadline[]>((all, one) => onTop(all, one, false), seen), waiting: [] };
}

/** @param older what the log has before the last one that is shown, oldest first */
export function addOlder({ shown, waiting }: ReadingList, older: readonly Headline[]): ReadingList {
  const known = new Set(shown.map(({ item }) => item.entry));
  const waits = new Set(waiting.map(({ id }) => id)); // it came while the page of history was on its way
  const added: ShownHeadline[] = [];
  for (const headline of older.toReversed()) {
    if (waits.has(headline.id) || known.has(headline.item.entry)) continue; // an older version of what stands above
    known.add(headline.item.entry);
    added.push({ ...headline, wasMissed: false, isUpdate: false });
  }
  return { shown: [...shown, ...added], waiting };
}

export function missedCount({ shown }: ReadingList): number {
  return shown.filter(({ wasMissed }) => wasMissed).length;
}

function onTop(shown: readonly ShownHeadline[], headline: Headline, wasMissed: boolean): readonly ShownHeadline[] {
  const others = without(shown, headline);
  const isUpdate = others.length < shown.length;
  return [{ ...headline, wasMissed, isUpdate }, ...others].slice(0, MOST_SHOWN);
}

function without<One extends Headline>(all: readonly One[], { item }: Headline): readonly One[] {
  return all.filter((one) => one.item.entry !== item.entry);
}

/** The very same words are on the page, for example because a server that began anew has published them again. */
function isShown({ shown }: ReadingList, { item }: Headline): boolean {
  const known = shown.find((one) => one.item.entry === item.entry)?.item;
  return known !== undefined && known.title === item.title && known.summary === item.summary && known.url === item.url;
}
