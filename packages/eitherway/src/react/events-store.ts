/** The newest messages of one event as a list: what the log had, what comes, and older ones on demand. */
import type { Gap, Incoming, MessageMeta } from "../client/client-api.ts";
import { type EitherwayError, type Id, parseId } from "../protocol/index.ts";
import type { ChannelAddress, HooksClient } from "./client-port.ts";
import { openFeed, type Past, readingError } from "./feed.ts";
import { createCell, type Store, type StoreClock } from "./store.ts";

export interface EventsOptions {
  /**
   * Most items in the list, so that neither memory nor the page grows: a new one pushes the oldest out. Default 200. What `loadOlder`
   * brings comes on top.
   */
  readonly keep?: number | undefined;
  /** So many messages from before now, joined to what comes without a seam. Default 0; at most `keep`. */
  readonly history?: number | undefined;
}

export interface EventItem<Data = unknown> extends Incoming<Data> {
  readonly id: Id;
}

export interface EventsView<Data = unknown> {
  /** In order, oldest first, without a hole: nothing of the event is missing between the first and the last. */
  readonly items: readonly EventItem<Data>[];
  /**
   * The last time that continuity was lost. The list is read anew from the log then, as long as it was; until that is there the old
   * one stays. Where it could not be read (`error`), the old one stays until something new comes, with which it does not join up.
   */
  readonly gap: Gap | undefined;
  /** The list is up to date, and what comes shows at once. */
  readonly live: boolean;
  /** Why the server refused the subscription, or history could not be read. */
  readonly error: EitherwayError | undefined;
  /** Reads as many older messages as `history`, or 50. Does nothing while it loads, or when there are none. */
  loadOlder(): void;
  readonly loadingOlder: boolean;
  /** The log may have messages before the first item. */
  readonly hasOlder: boolean;
}

const DEFAULT_KEEP = 200;
const DEFAULT_LOAD = 50;

export const INITIAL_EVENTS: EventsView<never> = {
  items: [],
  gap: undefined,
  live: false,
  error: undefined,
  loadOlder() {},
  loadingOlder: false,
  hasOlder: false,
};

export interface EventsStoreOptions extends EventsOptions {
  readonly client: HooksClient;
  readonly clock: StoreClock;
  readonly address: ChannelAddress;
  readonly event: string | undefined;
}

export function openEventsStore(options: EventsStoreOptions): Store<EventsView> {
  const { client, clock, address, event, keep = DEFAULT_KEEP, history = 0 } = options;
  const load = history > 0 ? history : DEFAULT_LOAD;
  let items: EventItem[] = [];
  /** What is shown until the list is read anew, or has something although it could not be. */
  let stale: readonly EventItem[] | undefined;
  let couldNotRead = false;
  /** The newest id that was taken: what history brought comes again as a message. */
  let newest: Id | undefined;
  let most = keep;
  let gap: Gap | undefined;
  /** So many messages of the past shall be read, as soon as the place is known. */
  let missing = Math.min(history, keep);
  /** Where the past goes on; `undefined` before the first item. */
  let before: Id | undefined;
  let hasOlder = false;
  let wasRead = false;
  let reading: "nothing" | "the past" | "older" = "nothing";
  /** The list has lost its oldest items while older ones were read: these do not join up any more. */
  let isApart = false;
  let volatiles = 0;

  function take(data: unknown, meta: MessageMeta): void {
    const { id } = meta;
    if (isLogged(meta)) {
      if (newest !== undefined && isUpTo(id, newest)) return;
      newest = id;
    }
    items.push({ id: isLogged(meta) ? id : `volatile-${++volatiles}`, data, meta });
    if (couldNotRead) stale = undefined;
    pushOut();
    cell.touch();
  }

  function pushOut(): void {
    if (items.length <= most) return;
    items.splice(0, items.length - most);
    before = undefined;
    hasOlder = true;
    isApart = true;
  }

  function takeGap(declared: Gap): void {
    gap = declared;
    const old = stale ?? items;
    missing = Math.min(keep, Math.max(missing, old.length));
    stale = missing > 0 && old.length > 0 ? old : undefined;
    items = [];
    newest = undefined;
    before = undefined;
    hasOlder = false;
    wasRead = false;
    reading = "nothing";
    couldNotRead = false;
    cell.touch();
  }

  function placed(head: Id): void {
    if (missing > 0) void readPast();
    else if (!wasRead) hasOlder ||= (parseId(head)?.seq ?? 0) > 0;
    cell.touch();
  }

  async function readPast(): Promise<void> {
    if (reading === "nothing" && (await read("the past", undefined, missing))) pushOut();
  }

  async function readOlder(): Promise<void> {
    if (reading !== "nothing" || !hasOlder) return;
    if (missing > 0) await readPast();
    else if (await read("older", before ?? items.find(({ meta }) => isLogged(meta))?.id, load)) {
      most = Math.max(most, items.length);
    }
  }

  /** Puts what it reads before the items. Whether it did. */
  async function read(what: "the past" | "older", from: Id | undefined, wanted: number): Promise<boolean> {
    reading = what;
    couldNotRead = false;
    isApart = false;
    cell.touch();
    try {
      const past = await feed.readBefore(from, wanted);
      if (!isApart) join(past);
      wasRead = true;
      missing = 0;
      stale = undefined;
      feed.error = undefined;
    } catch (thrown) {
      const error = readingError(thrown);
      if (!error) return false; // given up for a gap or the end
      feed.error = error;
      hasOlder = true;
      couldNotRead = true;
      if (items.length > 0) stale = undefined;
    }
    reading = "nothing";
    cell.touch();
    return !isApart && feed.error === undefined;
  }

  function join(past: Past): void {
    const first = items.find(({ meta }) => isLogged(meta));
    const older = past.messages.filter(({ meta }) => !first || (isUpTo(meta.id, first.id) && meta.id !== first.id));
    items = [...older.map(({ data, meta }) => ({ id: meta.id, data, meta })), ...items];
    newest ??= older.at(-1)?.meta.id;
    before = past.before;
    hasOlder = before !== undefined;
  }

  const loadOlder = (): void => void readOlder();
  const feed = openFeed({ client, address, event, message: take, gap: takeGap, placed, changed: () => cell.touch() });
  const cell = createCell<EventsView>(clock, () => ({
    items: stale ?? [...items],
    gap,
    live: feed.live && stale === undefined,
    error: feed.error,
    loadOlder,
    loadingOlder: reading === "older",
    hasOlder,
  }));

  return { read: cell.read, watch: cell.watch, close: feed.close };
}

/** A volatile message has no id. */
function isLogged({ id }: MessageMeta): boolean {
  return parseId(id) !== undefined;
}

/** The other is the same, or came later. */
function isUpTo(id: Id, other: Id): boolean {
  const [one, two] = [parseId(id), parseId(other)];
  return one !== undefined && one.epoch === two?.epoch && one.seq <= two.seq;
}
