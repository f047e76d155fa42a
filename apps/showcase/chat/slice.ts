/** A part of a long room, somewhere in it: pages are put before and behind, and what is far away is let go. */
import { formatId, parseId } from "eitherway/protocol";

export interface Placed {
  readonly id: string;
}

export interface Slice<Item extends Placed> {
  /** Oldest first, without a hole. */
  readonly items: readonly Item[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

/** A page as it was read, and from where to where its room goes. */
export interface Page<Item extends Placed> {
  readonly items: readonly Item[];
  readonly hasOlder: boolean;
  readonly head: string | undefined;
}

/** Messages of a page, and most that are shown: each is a row. */
export const PAGE = 100;
export const MOST_ROWS = 200;
/** So far the slice has to reach into what is live before that takes its place, so that what is looked at is in both. */
const OVERLAP = 50;

/** The number of a message in its room; 0 for none. */
export function placeOf(id: string | undefined): number {
  return (id === undefined ? undefined : parseId(id)?.seq) ?? 0;
}

/** The id of a place in the room that `id` is of. */
export function idAt(id: string, place: number): string {
  return formatId(parseId(id)?.epoch ?? "", place);
}

export function sliceOf<Item extends Placed>({ items, hasOlder, head }: Page<Item>): Slice<Item> {
  return { items, hasOlder, hasNewer: placeOf(items.at(-1)?.id) < placeOf(head) };
}

/** @param page what stands before the slice; what does not join up with it stays away */
export function putBefore<Item extends Placed>(slice: Slice<Item>, page: Page<Item>): Slice<Item> {
  if (!joins(page.items, slice.items)) return slice;
  const items = [...page.items, ...slice.items];
  return {
    items: items.slice(0, MOST_ROWS),
    hasOlder: page.hasOlder,
    hasNewer: slice.hasNewer || items.length > MOST_ROWS,
  };
}

/** @param page what stands behind the slice; what does not join up with it stays away */
export function putBehind<Item extends Placed>(slice: Slice<Item>, page: Page<Item>): Slice<Item> {
  const last = placeOf(slice.items.at(-1)?.id);
  const newer = page.items.filter(({ id }) => placeOf(id) > last);
  if (!joins(slice.items, newer)) return slice;
  const items = [...slice.items, ...newer];
  return {
    items: items.slice(-MOST_ROWS),
    hasOlder: slice.hasOlder || items.length > MOST_ROWS,
    hasNewer: sliceOf({ ...page, items }).hasNewer,
  };
}

/** A slice that goes to the end of its room goes on with what comes there, for as long as it has rows for it. */
export function follow<Item extends Placed>(slice: Slice<Item>, live: readonly Item[]): Slice<Item> {
  const last = placeOf(slice.items.at(-1)?.id);
  const newer = live.filter(({ id }) => placeOf(id) > last);
  if (slice.hasNewer || newer.length === 0) return slice;
  const items = [...slice.items, ...newer];
  return joins(slice.items, newer) && items.length <= MOST_ROWS ? { ...slice, items } : { ...slice, hasNewer: true };
}

/** The live end of the room may be shown in place of the slice to who looks at its end, and what is looked at does not move. */
export function reaches<Item extends Placed>({ items }: Slice<Item>, live: readonly Placed[]): boolean {
  const [first, last] = [live[0], items.at(-1)];
  if (!first || !last) return false;
  return (
    epochOf(first.id) === epochOf(last.id) && placeOf(last.id) - placeOf(first.id) >= Math.min(OVERLAP, live.length - 1)
  );
}

/** Both are of one log, and nothing is missing between them. */
function joins(before: readonly Placed[], after: readonly Placed[]): boolean {
  const [last, first] = [before.at(-1), after[0]];
  if (!last || !first) return true;
  return epochOf(last.id) === epochOf(first.id) && placeOf(last.id) + 1 === placeOf(first.id);
}

function epochOf(id: string): string | undefined {
  return parseId(id)?.epoch;
}
