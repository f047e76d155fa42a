/**
 * A reference client, written from the rules of the protocol and not from our client: it holds a position in each channel, takes
 * what joins it, and asserts of every frame that it is right (P1, P2, P3).
 */
import type { Clock, Draft } from "../../src/core/index.ts";
import {
  type ArrivedFrame,
  type ArrivedGap,
  type Cursor,
  formatId,
  type HelloFrame,
  type LiveFrame,
  type MessagesFrame,
  parseId,
} from "../../src/protocol/index.ts";
import { fail } from "./check.ts";
import { type Connection, connect, type Doors, type ModelTransport, WIDE } from "./connection.ts";
import { contentReceived } from "./content.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import type { Tally } from "./tally.ts";
import type { Truth } from "./truth.ts";

export interface ReaderOptions {
  readonly name: string;
  readonly doors: Doors;
  readonly clock: Clock;
  readonly truth: Truth;
  readonly tally: Tally;
}

interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export interface Reader {
  readonly name: string;
  readonly connection: Connection | undefined;
  readonly outbox: Outbox;
  /** Opens a link over this transport, with a cursor for each channel; an earlier link is cut (P3). */
  connect(transport: ModelTransport): void;
  /** What arrived and was not read is lost. */
  cut(): void;
  subscribe(channel: string, from: Cursor): void;
  unsubscribe(channel: string): void;
  say(channel: string, draft: Draft): void;
  /** From now on takes no more bytes than `take` says. */
  slow(): void;
  take(bytes: number): void;
  fast(): void;
  /** Reads what arrived, answers pings, polls again, sends what may be sent. `true` if there was anything. */
  pump(): boolean;
  readonly channels: readonly string[];
  /** The server said so, on this link. */
  isLive(channel: string): boolean;
  /** Where the reader stands; undefined before the server said so. */
  position(channel: string): Position | undefined;
  /** Asserts that a reader with a working link knows everything up to the head. */
  assertCaughtUp(): void;
}

/** One channel as the reader sees it. */
interface Place {
  from: Cursor;
  position: Position | undefined;
  /** `live` came on this link. */
  live: boolean;
  /** The head when the subscription was asked for. */
  asked: Position | undefined;
}

export function createReader({ name, doors, clock, truth, tally }: ReaderOptions): Reader {
  const places = new Map<string, Place>();
  const outbox = createOutbox({ client: name, doors, clock, truth, tally });
  let connection: Connection | undefined;
  let transport: ModelTransport = "websocket json";
  let slow = false;
  let welcomed = false;
  /** Channels that frames on this link may be about, from an earlier subscription to them. */
  let named = new Set<string>();

  // --- links ---

  function open(over: ModelTransport): void {
    cut();
    transport = over;
    for (const place of places.values()) place.live = false;
    named = new Set(places.keys());
    welcomed = false;
    if (over === "poll" && places.size === 0) return; // it would be answered at once, for ever
    greet();
  }

  function greet(): void {
    for (const [channel, place] of places) place.asked = truth.head(channel);
    const channels = new Map([...places].map(([channel, place]) => [channel, cursorOf(place)]));
    const settled = [...places.values()].every(({ live }) => live);
    const wait = transport === "poll" && { wait: settled ? POLL_SECONDS : 0 };
    const hello: HelloFrame = { t: "hello", client: name, channels, ...wait };
    connection = connect(doors, transport, hello, slow ? 0 : WIDE);
  }

  function cut(): void {
    connection?.cut();
    connection = undefined;
    outbox.lost();
  }

  function subscribe(channel: string, from: Cursor): void {
    const place: Place = { from, position: parseId(from), live: false, asked: truth.head(channel) };
    places.set(channel, place);
    if (!connection) return;
    // Frames of an earlier subscription to the channel may still be on their way: only a new link tells them apart.
    if (!connection.send || named.has(channel)) open(transport);
    else connection.send({ t: "subscribe", channels: new Map([[channel, from]]) });
    named.add(channel);
  }

  function unsubscribe(channel: string): void {
    if (!places.delete(channel) || !connection) return;
    if (connection.send) connection.send({ t: "unsubscribe", channels: [channel] });
    else open(transport);
  }

  function pump(): boolean {
    let busy = outbox.receive();
    const link = connection;
    if (link) {
      for (const frame of link.receive()) {
        busy = true;
        take(link, frame);
      }
      if (link.over || link.refused) ended(link);
    }
    if (welcomed) outbox.flush(connection);
    return busy || connection !== link;
  }

  /** The answer of a poll ends it, and the next one is asked; any other link comes again when the model says so. */
  function ended(link: Connection): void {
    if (link.refused) tally.count("outcome", "link refused");
    if (transport === "poll" && !link.refused && welcomed && places.size > 0) greet();
    else cut();
  }

  // --- frames ---

  function take(link: Connection, frame: ArrivedFrame): void {
    switch (frame.t) {
      case "welcome":
        if (!welcomed) outbox.welcomed(frame);
        welcomed = true;
        return;
      case "messages":
        takeRun(frame);
        return;
      case "live":
        takeLive(frame);
        return;
      case "gap":
        takeGap(frame);
        return;
      case "presence":
      case "running":
        fail(`${name} got a ${frame.t} frame and asked for none`);
        return;
      case "ok":
        outbox.answered(frame);
        return;
      case "error":
        if (frame.key === undefined) fail(`${name} was told ${frame.code}: ${frame.message}`);
        outbox.answered(frame);
        return;
      case "ping":
        link.send?.({ t: "pong" });
        return;
      case "bye":
        tally.count("outcome", `bye: ${frame.code}`);
        return;
    }
  }

  function takeRun({ channel, epoch, messages }: MessagesFrame): void {
    const place = places.get(channel);
    if (!place) return; // unsubscribed meanwhile
    if (epoch === undefined) fail(`${name} got a volatile message of ${channel}, and nobody announced one`);
    if (!truth.hadEpoch(channel, epoch)) fail(`P2: ${name} was told epoch ${epoch}, which ${channel} never had`);
    const [first] = messages;
    if (!first) fail(`P2: ${name} got a run without messages`);
    const before = { epoch, seq: first.seq - first.skipped - 1 };
    const begins = place.position === undefined;
    if (!place.position) assertBeginning(channel, place, before);
    else if (!isSame(before, place.position))
      fail(`P2: ${at(before)} of ${channel} does not join ${name} at ${at(place.position)}`);
    let { seq } = before;
    for (const message of messages) {
      if (message.seq - message.skipped - 1 !== seq) fail(`P1: ids of ${channel} do not join in a run to ${name}`);
      for (let hidden = seq + 1; hidden < message.seq; hidden++) assertHidden(channel, epoch, hidden, begins);
      const entry = truth.entry(epoch, message.seq);
      const id = formatId(epoch, message.seq);
      if (!entry) fail(`P1: ${name} got ${id} of ${channel}, which nobody wrote`);
      const content = contentReceived(message);
      if (content !== entry.content) fail(`P1: ${name} got ${id} as "${content}", not as "${entry.content}"`);
      if (message.at !== entry.at) fail(`${name} got ${id} of ${channel} with another time`);
      seq = message.seq;
    }
    place.position = { epoch, seq };
    tally.count("outcome", `message over ${transport}`, messages.length);
  }

  /** An id that was passed over: collapsed. A reader from `start` is also not shown what went before it came. */
  function assertHidden(channel: string, epoch: string, seq: number, begins: boolean): void {
    const entry = truth.entry(epoch, seq);
    if (!entry) fail(`P2: ${name} was told to skip ${seq} of ${channel}, which is not there`);
    const fine = entry.superseded || (begins && seq <= truth.lost(channel));
    if (!fine) fail(`P2: ${name} was told to skip ${formatId(epoch, seq)} of ${channel}, which nothing replaced`);
    tally.count("outcome", "collapsed message skipped");
  }

  function takeLive({ channel, id }: LiveFrame): void {
    const place = places.get(channel);
    if (!place) return;
    const to = positionOf(id);
    if (!place.position) assertBeginning(channel, place, to);
    else if (!isSame(to, place.position)) fail(`P2: ${name} at ${at(place.position)} of ${channel} is live at ${id}`);
    place.position = to;
    place.live = true;
  }

  /** Where a subscription from `start` or `now` may begin: nothing that is kept, or that came since, is left out. */
  function assertBeginning(channel: string, { from, asked }: Place, begin: Position): void {
    if (!truth.hadEpoch(channel, begin.epoch)) fail(`P2: ${name} begins ${channel} in an epoch that it never had`);
    if (from === "now") {
      const early = asked?.epoch === begin.epoch && begin.seq < asked.seq;
      if (early) fail(`P2: ${name} asked for "now" of ${channel} at ${asked.seq} and begins at ${begin.seq}`);
      return;
    }
    const missing = truth.kept(channel).find(({ seq, superseded }) => seq <= begin.seq && !superseded);
    const same = truth.head(channel)?.epoch === begin.epoch;
    if (same && missing) fail(`P2: ${name} begins ${channel} after ${begin.seq}, and ${missing.seq} is kept`);
  }

  function takeGap({ channel, why, oldest, head }: ArrivedGap): void {
    const place = places.get(channel);
    if (!place) return;
    const to = positionOf(head);
    const now = truth.head(channel);
    if (!place.position && place.from === "start")
      fail(`P2: ${name} read ${channel} from start, was told no place, and got a gap`);
    const stood = place.position ?? leastPosition(place, to);
    if (!truth.hadEpoch(channel, to.epoch)) fail(`P2: the gap of ${name} leads to an epoch that ${channel} never had`);
    if (now?.epoch === to.epoch && to.seq > now.seq) fail(`P2: the gap of ${name} leads beyond the head of ${channel}`);
    if (positionOf(oldest).seq > to.seq) fail(`P2: the gap of ${name} names an oldest id beyond the head`);
    switch (why) {
      case "trimmed": {
        const lost = now?.epoch === stood.epoch ? truth.lost(channel) : Number.POSITIVE_INFINITY;
        const just = to.epoch === stood.epoch && stood.seq < lost;
        if (!just) fail(`P2: ${name} at ${at(stood)} of ${channel} got a gap, and only up to ${lost} is lost`);
        break;
      }
      case "epoch":
        if (to.epoch === stood.epoch) fail(`P2: ${name} got an epoch gap on ${channel} within its epoch`);
        break;
      case "unknown":
        if (to.epoch !== stood.epoch || to.seq >= stood.seq)
          fail(`P2: ${name} at ${at(stood)} of ${channel} was not believed`);
        break;
    }
    place.position = to;
    tally.count("gap", why);
  }

  function assertCaughtUp(): void {
    if (!connection || !welcomed || !connection.window.isWide) return;
    for (const [channel, { position, live }] of places) {
      if (!live) fail(`P2: ${name} never became live on ${channel} over ${transport}`);
      const head = truth.head(channel);
      const all = position && head && isSame(position, head);
      if (!all) fail(`P2: ${name} is at ${at(position)} of ${channel} over ${transport}, the head is ${at(head)}`);
    }
  }

  return {
    name,
    get connection() {
      return connection;
    },
    outbox,
    connect: open,
    cut,
    subscribe,
    unsubscribe,
    say(channel, draft) {
      outbox.retry();
      outbox.add(channel, draft);
      if (welcomed) outbox.flush(connection);
    },
    slow() {
      slow = true;
      connection?.window.shut();
    },
    take: (bytes) => connection?.window.widen(bytes),
    fast() {
      slow = false;
      if (connection && !connection.window.isWide) connection.window.widen(WIDE);
    },
    pump,
    get channels() {
      return [...places.keys()];
    },
    isLive: (channel) => places.get(channel)?.live ?? false,
    position: (channel) => places.get(channel)?.position,
    assertCaughtUp,
  };
}

/** Longer than any time that passes between two looks of the model. */
const POLL_SECONDS = 25;

function cursorOf({ position, from }: Place): Cursor {
  return position ? formatId(position.epoch, position.seq) : from;
}

/** A reader from `start` or `now` that fell behind before it was told a place: where it may have begun. */
function leastPosition({ from, asked }: Place, { epoch }: Position): Position {
  return from === "now" && asked?.epoch === epoch ? asked : { epoch, seq: 0 };
}

function isSame(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.epoch === b.epoch;
}

/** For sentences. */
function at(position: Position | undefined): string {
  return position ? formatId(position.epoch, position.seq) : "nothing";
}

function positionOf(id: string): Position {
  const position = parseId(id);
  if (!position) fail(`${id} is no id`);
  return position;
}
