/**
 * One channel of a hub: many tabs that stand at different places, and the one subscription that feeds them all.
 *
 * Each tab gets what it would get over a link of its own: frames that join up with its place, `live` once it reached the head, a
 * `gap` when one is due to it (P1, P2). What the ring has comes from there. Otherwise the subscription starts anew from the place
 * of the tab that is furthest behind, and the others let pass what they have. So the server alone decides what is missing: no
 * tab hears of a gap in what it has, and none is spared one.
 */
import {
  type ArrivedError,
  type ArrivedGap,
  type ArrivedMembers,
  type Cursor,
  channelOfPresence,
  type ErrorCode,
  formatId,
  type IdParts,
  type LiveFrame,
  type MessagesFrame,
  parseId,
} from "../../protocol/index.ts";
import type { ClientClock, Undo } from "../ports.ts";
import type { Subscription } from "../subscription.ts";
import type { ChannelFrame } from "../transport.ts";
import { createFrameRing, endOf } from "./frame-ring.ts";

export interface HubChannelOptions {
  readonly clock: ClientClock;
  /** `feed` is another one: the link has to ask again. */
  changed(): void;
  /** Ids do not join up and no gap was declared. */
  hole(): void;
}

export interface HubChannel {
  /** What the link should carry; `undefined` after it was refused. */
  readonly feed: Subscription | undefined;
  readonly readers: number;
  /** Hands over what comes after `from`; an error is the last. */
  join(from: Cursor, take: (frame: ChannelFrame | ArrivedError) => void): Undo;
}

interface Reader {
  readonly take: (frame: ChannelFrame | ArrivedError) => void;
  at: IdParts | "start" | "now";
  live: boolean;
}

/**
 * A tab that comes from a quicker link stands before the hub for a moment. After more than that it may be that the log has lost
 * what the tab had, which only the server can tell.
 */
const AHEAD_MS = 1_000;

export function createHubChannel(name: string, options: HubChannelOptions): HubChannel {
  const isPresence = channelOfPresence(name) !== undefined;
  const readers = new Set<Reader>();
  const ring = createFrameRing();
  let feed: Subscription | undefined;
  /** Where the feed began, and where it is. */
  let began: Cursor = "now";
  let received: IdParts | undefined;
  let live = false;
  let patience: Undo | undefined;

  function open(from: Cursor): void {
    began = from;
    received = parseId(from);
    live = false;
    ring.restart(from);
    const opened: Subscription = {
      // Frames that the link had under way for an earlier feed would not join up with this one.
      take(frame) {
        if (feed === opened) takeFrame(frame);
      },
      fail(code, message) {
        if (feed === opened) refuse(code, message);
      },
      get received() {
        return received ? idOf(received) : began;
      },
      get cursor() {
        return opened.received;
      },
      get live() {
        return live;
      },
      restart() {
        if (feed === opened) live = false;
      },
      retake() {}, // frames of an earlier feed go to that one
      end() {},
    };
    feed = opened;
    options.changed();
  }

  // --- what the link brings ---

  function takeFrame(frame: ChannelFrame): void {
    switch (frame.t) {
      case "messages":
        takeRun(frame);
        return;
      case "gap":
        takeGap(frame);
        return;
      case "live":
        takeLive(frame);
        return;
      case "presence":
        takeMembers(frame);
        return;
    }
  }

  function takeRun(frame: MessagesFrame): void {
    const [first] = frame.messages;
    if (!first) return;
    if (frame.epoch === undefined) {
      for (const { live: isLive, take } of readers) if (isLive) take(frame);
      return;
    }
    const before = received;
    const joint = first.seq - first.skipped - 1;
    const end = endOf(frame.epoch, frame);
    if (before) {
      if (before.epoch === end.epoch && end.seq <= before.seq) return;
      if (before.epoch !== end.epoch || joint > before.seq) {
        options.hole();
        return;
      }
    }
    received = end;
    ring.push(frame.epoch, frame);
    for (const reader of readers) {
      const { at } = reader;
      const joins =
        typeof at === "string"
          ? at === "start" && began === "start" && !before // the very first run may begin anywhere
          : at.epoch === end.epoch && at.seq < end.seq && at.seq >= joint;
      if (!joins) continue;
      reader.at = end;
      reader.take(frame);
    }
    settle();
  }

  function takeGap(frame: ArrivedGap): void {
    const head = parseId(frame.head) as IdParts; // the codec has checked it
    const before = received;
    if (frame.why !== "unknown" && before?.epoch === head.epoch && head.seq <= before.seq) return;
    received = head;
    ring.restart(frame.head);
    for (const reader of readers) {
      // Due to those for whom the server was asked. Who stood elsewhere may have it, or what is between, and asks for himself.
      const isDue = before ? isAt(reader, before) : reader.at === "start" && began === "start";
      if (!isDue) continue;
      reader.at = head;
      reader.take(frame);
    }
    settle();
  }

  /** Says everything up to its id, so it serves whoever is not beyond that. */
  function takeMembers(frame: ArrivedMembers): void {
    const place = parseId(frame.id) as IdParts;
    received = place;
    ring.restart(frame.id);
    for (const reader of readers) {
      const { at } = reader;
      if (typeof at !== "string" && at.epoch === place.epoch && at.seq >= place.seq) continue;
      reader.at = place;
      reader.take(frame);
    }
    settle();
  }

  function takeLive(frame: LiveFrame): void {
    const place = parseId(frame.id) as IdParts;
    const before = received;
    if (before && before.epoch !== place.epoch) {
      options.hole();
      return;
    }
    const moved = !before || place.seq > before.seq;
    if (moved) received = place;
    ring.place(place);
    live = true;
    for (const reader of readers) {
      // What lies between, if anything, is not for this reader.
      const follows = before ? isAt(reader, before) : reader.at === "start" && began === "start";
      if (!moved || !follows) continue;
      reader.at = place;
      reader.live = true;
      reader.take(frame);
    }
    settle();
  }

  function refuse(code: ErrorCode, message: string): void {
    const refused = [...readers];
    readers.clear();
    feed = undefined;
    for (const { take } of refused) take({ t: "error", code, message, channel: name });
  }

  // --- tabs ---

  /** A tab comes: the ring has what it needs, or it is where the feed is, or the feed goes back for it. */
  function seat(reader: Reader): void {
    const kept = reader.at === "now" || !received ? undefined : ring.after(reader.at);
    if (kept && received) {
      for (const frame of kept) reader.take(frame);
      if (typeof reader.at === "string" || reader.at.seq < received.seq) reader.at = received;
    }
    settle();
  }

  /** After every change: who is at the head hears so, and nobody stays behind. */
  function settle(): void {
    if (live && received) for (const reader of readers) greet(reader, received);
    const behind = [...readers].filter((reader) => !isSeated(reader));
    if (behind.length > 0) open(isPresence && behind.some(isUnplaced) ? "now" : earliest(behind));
    else if (!patience && aheadOf(received).length > 0) patience = options.clock.after(AHEAD_MS, askForThose);
  }

  function greet(reader: Reader, head: IdParts): void {
    if (reader.live || (isPresence && isUnplaced(reader))) return;
    if (reader.at === "now") reader.at = head;
    if (!isAt(reader, head)) return;
    reader.live = true;
    reader.take({ t: "live", channel: name, id: idOf(head) });
  }

  /** The feed will bring to this place what comes next. */
  function isSeated({ at }: Reader): boolean {
    if (isPresence && !received) return true; // the members are still to come, and serve everybody
    if (isPresence && typeof at === "string") return false;
    if (at === "now") return true;
    if (at === "start") return !received && began === "start";
    return at.epoch === received?.epoch && at.seq >= received.seq;
  }

  function aheadOf(head: IdParts | undefined): Reader[] {
    if (!live || !head) return [];
    return [...readers].filter(({ at }) => typeof at !== "string" && at.epoch === head.epoch && at.seq > head.seq);
  }

  function askForThose(): void {
    patience = undefined;
    const ahead = aheadOf(received);
    if (ahead.length > 0) open(earliest(ahead));
  }

  return {
    get feed() {
      return feed;
    },
    get readers() {
      return readers.size;
    },
    join(from, take) {
      const reader: Reader = { take, at: parseId(from) ?? (from as "start" | "now"), live: false };
      readers.add(reader);
      if (feed) seat(reader);
      else open(from);
      return () => {
        readers.delete(reader);
        if (readers.size > 0) return;
        patience?.();
        patience = undefined;
      };
    },
  };
}

function idOf({ epoch, seq }: IdParts): string {
  return formatId(epoch, seq);
}

/** Has not been told a place: of presence it needs the members. */
function isUnplaced({ at }: Reader): boolean {
  return typeof at === "string";
}

function isAt({ at }: Reader, { epoch, seq }: IdParts): boolean {
  return typeof at !== "string" && at.epoch === epoch && at.seq === seq;
}

/** Where a feed has to begin for as many of these as can be served at once: epochs have no order, so for those of one. */
function earliest(readers: readonly Reader[]): Cursor {
  if (readers.some(({ at }) => at === "start")) return "start";
  const places = readers.flatMap(({ at }) => (typeof at === "string" ? [] : [at]));
  const [first] = places;
  if (!first) return "now";
  const seq = Math.min(...places.filter(({ epoch }) => epoch === first.epoch).map((place) => place.seq));
  return formatId(first.epoch, seq);
}
