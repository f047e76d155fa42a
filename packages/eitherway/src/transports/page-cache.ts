/** What stores on the way may keep of a page of history, and how a client asks whether its own is still the newest (H14). */
import type { HttpExchange, Identity, Position } from "../core/index.ts";
import type { Id } from "../protocol/index.ts";

/** What of a page tells it from every other one of its URL. */
export interface CachedPage {
  /** Of the messages, in order. */
  readonly ids: readonly Id[];
  /** `null` where there is no log. */
  readonly oldest: Id | null;
  readonly head: Id | null;
  /** The log goes on behind it, and what it says stays true whatever comes. */
  readonly isFinal: boolean;
}

/** Long enough to spare the server nearly all of them; short enough that what a log has let go is soon gone elsewhere too. */
const FINAL_PAGE_SECONDS = 86_400;

const FOR_ALL = `public, max-age=${FINAL_PAGE_SECONDS}, immutable`;
/** Nobody else's store, and this one asks each time: what somebody may read can end at any moment (P9). */
const FOR_ONE = "private, no-cache";
const ASK_FIRST = "no-cache";

export function cacheHeaders(
  page: CachedPage,
  who: Identity,
): { readonly etag: string; readonly "cache-control": string } {
  const forAll = page.isFinal ? FOR_ALL : ASK_FIRST;
  return { etag: tagOf(page), "cache-control": isEverybody(who) ? forAll : FOR_ONE };
}

/** The client has this page already. */
export function isKnown(exchange: HttpExchange, etag: string): boolean {
  const known = exchange.header("if-none-match")?.split(",") ?? [];
  return known.some((one) => opaqueOf(one) === opaqueOf(etag) || one.trim() === "*");
}

interface Bounds {
  readonly messages: readonly { readonly seq: number }[];
  readonly oldest: Position;
  readonly head: Position;
}

/** A page after an id is final once it had to stop before the head. */
export function isFinalAfter({ messages, head }: Bounds): boolean {
  return (messages.at(-1)?.seq ?? head.seq) < head.seq;
}

/** A page before an id ends just before it, and is final where it did not have to stop at the oldest message, which will go. */
export function isFinalBefore({ messages, oldest, head }: Bounds): boolean {
  return isFinalAfter({ messages, oldest, head }) && (messages[0]?.seq ?? 0) > oldest.seq;
}

/** Weak: `oldest` and `head` of a final page are those of when it was made. */
function tagOf({ ids, oldest, head, isFinal }: CachedPage): string {
  const places = isFinal ? [] : [oldest, head];
  return `W/"${[ids[0], ids.at(-1), ids.length, ...places].join("_")}"`;
}

function opaqueOf(tag: string): string {
  return tag.trim().replace(/^W\//, "");
}

function isEverybody({ rights }: Identity): boolean {
  return rights === undefined || rights.areEverybodys === true;
}
