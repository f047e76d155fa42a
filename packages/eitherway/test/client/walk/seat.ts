/**
 * An application at one channel: its listeners and loops, each of which checks as it hears that nothing is missing, doubled or out
 * of order, and nothing said that is not so (P1, P2).
 */
import type { Channel, Client, Gap, MessageMeta } from "../../../src/client/client-api.ts";
import type { Clock } from "../../../src/core/index.ts";
import { type Id, parseId } from "../../../src/protocol/index.ts";
import { fail } from "../../model/check.ts";
import { contentReceived } from "../../model/content.ts";
import { type Books, idOf, type Place } from "./books.ts";

export interface Seat {
  readonly channel: string;
  listen(from: "now" | "start" | Id): void;
  /** A `for await` loop that takes nothing yet. */
  loop(from: "now" | "start" | Id): void;
  /** Loops take so many more. */
  take(count: number): void;
  /** The oldest listener or loop leaves; `inHandler`: while it hears its next message. */
  leave(inHandler: boolean): void;
  /** All of them do; of listeners in their handlers the last takes another's place at once. */
  leaveAll(inHandler: boolean): void;
  /** The next message makes a handler throw. */
  stumble(): void;
  /** Where a listener stands, or stood last. */
  readonly place: Place | undefined;
  readonly listeners: number;
  /** What holds at any moment. */
  check(): void;
  /** The channel is at its head. A loop that stood before a gap there hears of it with the next message only. */
  readonly isAtHead: boolean;
  /** Every listener and loop has all there is. */
  readonly isCaughtUp: boolean;
  assertCaughtUp(): void;
}

export interface SeatOptions {
  readonly client: Client;
  readonly channel: string;
  readonly clock: Pick<Clock, "now">;
  readonly books: Books;
  wrong(sentence: string): void;
  /** Something is handed to the application. */
  delivered(what: "message" | "live" | `gap ${Gap["why"]}`): void;
}

/** Who hears messages. `at`: the place it has come to, `start`, or `anywhere` where it joined others. */
interface Hearer {
  /** Of the last gap. */
  gapHead: Place | undefined;
  /** Seq of the last message that came with it. */
  brought: number;
  at: Place | "start" | "anywhere";
  /** It began at `start` and has not been live: what the log lost before is not missing. */
  fromStart: boolean;
  readonly isLoop: boolean;
  leaving: boolean;
  want: number;
  leave(): void;
}

/** The subscription outlives its last listener by so much. */
const LINGER_MS = 50;

/** What a handler of the walk throws. */
export const STUMBLE = "a handler stumbled";

export function createSeat(options: SeatOptions): Seat {
  const { client, channel: name, clock, books, delivered } = options;
  const channel = client.channel(name);
  let hearers: readonly Hearer[] = [];
  let stumbles = false;
  let swaps = false;
  let place: Place | undefined;
  let left: (Pick<Hearer, "at" | "fromStart" | "gapHead" | "brought"> & { readonly time: number }) | undefined;
  /** What the cursor has to be, where that is known. */
  let cursor: string | undefined;

  const wrong = (sentence: string): void => options.wrong(`${name}: ${sentence}`);

  // --- what is heard ---

  channel.on("gap", (gap) => {
    delivered(`gap ${gap.why}`);
    for (const hearer of hearers) if (!hearer.isLoop) skip(hearer, gap);
    place = placeOf(gap.head);
    cursor = gap.head;
  });

  channel.on("live", (id) => {
    delivered("live");
    const head = placeOf(id);
    if (!books.isPlace(name, head) && head.seq > 0) wrong(`live at ${id}, which no log gave (2)`);
    for (const hearer of hearers) {
      if (hearer.isLoop) continue;
      if (hearer.at !== "anywhere") assertJoins(hearer, { epoch: head.epoch, seq: head.seq + 1 });
      hearer.at = head;
      hearer.fromStart = false;
    }
    place = head;
    cursor = id;
  });

  function hear(hearer: Hearer, data: unknown, meta: MessageMeta): void {
    const entry = books.entry(meta.id);
    const content = contentReceived({ ...meta, data });
    if (entry?.channel !== name || entry.content !== content) wrong(`${meta.id} is not what the log says (1)`);
    const at = placeOf(meta.id);
    if (hearer.isLoop && meta.gap) skip(hearer, meta.gap);
    if (isBrought(hearer, at)) {
      if (at.seq <= hearer.brought || !meta.replayed) wrong(`${meta.id} came out of order with a gap (1)`);
      hearer.brought = at.seq;
      return;
    }
    assertJoins(hearer, at);
    hearer.at = at;
  }

  function onMessage(hearer: Hearer, data: unknown, meta: MessageMeta): void {
    delivered("message");
    if (channel.cursor === meta.id && cursor !== meta.id)
      wrong(`the cursor is at ${meta.id} before its handlers ran (2)`);
    hear(hearer, data, meta);
    if (!isBrought(hearer, placeOf(meta.id))) {
      place = placeOf(meta.id);
      cursor = meta.id;
    }
    if (hearer.leaving) hearer.leave();
    if (swaps && hearers.length === 0) {
      swaps = false;
      listen("now");
    }
    if (!stumbles) return;
    stumbles = false;
    throw new Error(STUMBLE);
  }

  /** The newest entry of a collapse key, which came with the gap that the hearer stands at. */
  function isBrought({ at, gapHead }: Hearer, message: Place): boolean {
    if (!gapHead || typeof at !== "object" || at.epoch !== gapHead.epoch || at.seq !== gapHead.seq) return false;
    return message.epoch === gapHead.epoch && message.seq <= gapHead.seq;
  }

  /** Nothing between where it stands and `next` is missing. */
  function assertJoins(hearer: Hearer, next: Place): void {
    const { at } = hearer;
    if (at === "anywhere") return;
    if (at !== "start" && at.epoch !== next.epoch) {
      wrong(`${idOf(next)} after ${idOf(at)} without a gap (1)`);
      return;
    }
    const from = at === "start" ? 0 : at.seq;
    if (next.seq <= from) wrong(`${idOf(next)} after ${from} (1)`);
    for (let seq = from + 1; seq < next.seq; seq++) {
      const between = { epoch: next.epoch, seq };
      if (books.isHidden(between) || (hearer.fromStart && books.isGone(between))) continue;
      wrong(`${idOf(between)} is missing before ${idOf(next)} (1)`);
      return;
    }
  }

  /** A gap says only what is so. */
  function skip(hearer: Hearer, { why, head }: Gap): void {
    const { at } = hearer;
    const to = placeOf(head);
    if (!books.isPlace(name, to) && to.seq > 0) wrong(`a gap to ${head}, which no log gave (1)`);
    hearer.at = to;
    hearer.gapHead = to;
    hearer.brought = 0;
    if (at === "anywhere" || at === "start" || hearer.isLoop) return; // a loop hears of the last of several
    if ((why === "epoch") !== (at.epoch !== to.epoch)) wrong(`a gap of ${why} from ${idOf(at)} to ${head} (1)`);
    if (why === "unknown" && at.seq <= to.seq) wrong(`${idOf(at)} is unknown, and the head is ${head} (1)`);
    if (why !== "trimmed") return;
    for (let seq = at.seq + 1; seq <= to.seq; seq++) if (books.isGone({ epoch: to.epoch, seq })) return;
    wrong(`trimmed from ${idOf(at)} to ${head}, and all of it is kept (1)`);
  }

  // --- coming and going ---

  function enter(from: "now" | "start" | Id, isLoop: boolean): Hearer {
    const lingering = left && clock.now() - left.time < LINGER_MS ? left : undefined;
    const goesOn = hearers.length > 0 ? { at: "anywhere" as const, fromStart: hearers.some(isFromStart) } : lingering;
    const { at, fromStart } = goesOn ?? { at: beginning(from), fromStart: from === "start" };
    const { gapHead, brought = 0 } = hearers.length > 0 ? {} : (lingering ?? {}); // left among the messages that a gap brought
    cursor = goesOn ? undefined : from;
    const hearer: Hearer = {
      at,
      fromStart,
      isLoop,
      gapHead,
      brought,
      leaving: false,
      want: 0,
      leave() {},
    };
    hearers = [...hearers, hearer];
    return hearer;
  }

  function exit(hearer: Hearer): void {
    hearers = hearers.filter((other) => other !== hearer);
    cursor = undefined;
    if (hearers.length > 0) return;
    const { at, fromStart, gapHead, brought, isLoop } = hearer;
    left = { time: clock.now(), at: isLoop ? "anywhere" : at, fromStart, gapHead, brought }; // what waited for a loop is known to nobody else
  }

  function listen(from: "now" | "start" | Id): void {
    const hearer = enter(from, false);
    const undo = handle(from).on("message", (data, meta) => onMessage(hearer, data, meta));
    hearer.leave = () => {
      exit(hearer);
      undo();
      const { at } = hearer;
      if (hearers.length > 0 || typeof at !== "object" || channel.cursor === idOf(at)) return;
      wrong(`the last listener left at ${idOf(at)}, and the cursor is ${channel.cursor} (2)`);
    };
  }

  function loop(from: "now" | "start" | Id): void {
    const hearer = enter(from, true);
    const iterator = handle(from)[Symbol.asyncIterator]();
    let busy = false;

    async function pull(): Promise<void> {
      busy = true;
      while (hearer.want > 0) {
        hearer.want--;
        const { value, done } = await iterator.next();
        if (done) break;
        hear(hearer, value.data, value.meta);
        place = placeOf(value.meta.id);
      }
      busy = false;
    }

    pulls.set(hearer, () => {
      if (!busy) pull().catch((error: unknown) => wrong(String(error)));
    });
    hearer.leave = () => {
      exit(hearer);
      pulls.delete(hearer);
      hearer.want = 0;
      void iterator.return?.();
    };
  }

  function isHead(at: Place): boolean {
    const head = books.head(name);
    return !head || idOf(at) === idOf(head);
  }

  function isAtHead({ at }: Hearer): boolean {
    return typeof at === "object" && isHead(at);
  }

  const pulls = new Map<Hearer, () => void>();
  const handle = (from: "now" | "start" | Id): Channel => client.channel(name, { from });

  return {
    channel: name,
    listen,
    loop,
    take(count) {
      for (const [hearer, pull] of pulls) {
        hearer.want += count;
        pull();
      }
    },
    leave(inHandler) {
      const [oldest] = hearers;
      if (!oldest) return;
      if (inHandler && !oldest.isLoop) oldest.leaving = true;
      else oldest.leave();
    },
    leaveAll(inHandler) {
      swaps = inHandler;
      for (const hearer of hearers) {
        if (inHandler && !hearer.isLoop) hearer.leaving = true;
        else hearer.leave();
      }
    },
    stumble() {
      stumbles = true;
    },
    get place() {
      return place;
    },
    get listeners() {
      return hearers.length;
    },
    check() {
      const isPlain = hearers.length > 0 && hearers.every(({ isLoop }) => !isLoop);
      if (isPlain && cursor !== undefined && channel.cursor !== cursor) {
        wrong(`the cursor is ${channel.cursor}, and the handlers returned at ${cursor} (2)`);
      }
    },
    get isAtHead() {
      return hearers.every((hearer) => isAtHead(hearer) || (hearer.isLoop && place && isHead(place)));
    },
    get isCaughtUp() {
      return hearers.every(isAtHead);
    },
    assertCaughtUp() {
      for (const { at, isLoop } of hearers.filter((hearer) => !isAtHead(hearer))) {
        wrong(`a ${isLoop ? "loop" : "listener"} stands at ${JSON.stringify(at)}, not at the head (9)`);
      }
    },
  };
}

const isFromStart = ({ fromStart }: Hearer): boolean => fromStart;

function beginning(from: "now" | "start" | Id): Hearer["at"] {
  return from === "now" ? "anywhere" : from === "start" ? from : placeOf(from);
}

function placeOf(id: Id): Place {
  return parseId(id) ?? fail(`${id} is no id`);
}
