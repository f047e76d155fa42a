/** A whole client, a whole server and the network between them in one walk: what each action does, and what has to hold after it. */
import type { TransportChoice } from "../../../src/client/client-api.ts";
import type { TransportName } from "../../../src/client/transport.ts";
import type { Id } from "../../../src/protocol/index.ts";
import { createSeededRandom } from "../../../src/testing/index.ts";
import { createMemoryNetwork } from "../../../src/testing/memory-network/memory-network.ts";
import { FAIR, type NetworkPath, PATHS } from "../../../src/testing/memory-network/ways.ts";
import { createSteppedTime } from "../../../src/testing/stepped-time.ts";
import { type Action, type ApplicationAction, CHANNELS, type From, type Walk } from "./actions.ts";
import { type Books, createBooks, idOf } from "./books.ts";
import { createLinks } from "./links.ts";
import { createPublisher, type Publisher } from "./publisher.ts";
import { createSeat, type Seat } from "./seat.ts";
import { createWalkServer } from "./server.ts";
import { createWalkClient } from "./walk-client.ts";
import type { WalkTally } from "./walk-tally.ts";
import { changeNetwork } from "./weather.ts";

export interface World {
  /** Does an action, and asserts what holds after every step. */
  step(action: Action): Promise<void>;
  /** Heals everything, if the walk says so, and asserts that all arrives; then ends everything and asserts that nothing is left. */
  finish(): Promise<void>;
}

const PATH_OF: Readonly<Record<TransportName, NetworkPath>> = {
  websocket: "websocket",
  sse: "stream",
  poll: "poll",
  shared: "websocket", // not in a walk
};

const PING_MS = 4_000;
const KEY_WINDOW_MS = 40_000;
/** Small, so that a few publishes reach each. */
const LIMITS = { messageBytes: 2_000, inFlight: 4 };

/** Links, lanes, channels and the outbox have some each. */
const MOST_TIMERS = 30;
const MOST_TIMELINE = 200;
/** The longest wait that anybody named, a connection that is found dead, and pauses of half a minute. */
const DELIVERED_WITHIN_MS = 240_000;
/** The longest interval of probes is half an hour. */
const PROMOTED_WITHIN_MS = 31 * 60_000;
/** Longer than any deadline of a connection that is being closed. */
const CLOSING_MS = 10_000;

export function createWorld(walk: Walk, tally: WalkTally): World {
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const wrong = (sentence: string): void => failed(new Error(sentence));
  const time = createSteppedTime({ pump: () => network.pump(), rested: check });
  const { clock, stirring, rest, pass, passUntil } = time;
  const books: Books = createBooks({
    clock,
    keeps: walk.keeps,
    keyWindowMs: KEY_WINDOW_MS,
    expected: (content) => publisher.expected(content),
  });
  const server = createWalkServer({
    clock,
    random: createSeededRandom(walk.seed),
    books,
    keeps: walk.keeps,
    keyWindowMs: KEY_WINDOW_MS,
    limits: LIMITS,
    pingMs: PING_MS,
    failed,
  });
  const network = createMemoryNetwork({
    clock: stirring,
    handler: server.handler,
    busy(path, ms) {
      if (path === "stream") links.busy("sse", ms);
      if (path === "poll") links.busy("poll", ms);
    },
    failed,
  });
  const links = createLinks(clock, wrong);
  const device = createWalkClient({ walk, clock: stirring, network, links, tally, failed });
  const { client } = device;
  const seats: readonly Seat[] = CHANNELS.map((channel) =>
    createSeat({
      client,
      channel,
      clock,
      books,
      wrong,
      delivered(what) {
        tally.count("seen", what);
        links.delivered();
      },
    }),
  );
  const publisher: Publisher = createPublisher({
    client,
    carefulNow: () => clock.now() + setAhead,
    books: () => books,
    keyWindowMs: KEY_WINDOW_MS,
    messageBytes: LIMITS.messageBytes,
    settled: (outcome) => tally.count("seen", `publish ${outcome}`),
    wrong,
  });
  let { choice } = walk;
  let isAsleep = false;
  let closed = false;
  /** By how much the wall clock was set ahead, all in all. */
  let setAhead = 0;

  // --- actions ---

  async function step(action: Action): Promise<void> {
    tally.count("action", action.do);
    await act(action);
    await rest();
  }

  async function act(action: Action): Promise<void> {
    switch (action.do) {
      case "pass":
        await pass(action.ms);
        return;
      case "crash":
      case "drain":
        if (action.do === "crash") network.cut(undefined, false);
        server.restart();
        network.moveTo(server.handler);
        return;
      case "store fails":
      case "store works":
        server.storeWorks = action.do === "store works";
        return;
      case "server publishes":
        await server.publish(seatOf(action).channel, action.count, action.collapse);
        return;
      case "fall asleep":
        isAsleep = true;
        device.fallAsleep();
        if (links.open.length > 0) wrong(`${links.open.join(" and ")} are open though the page was put away (4)`);
        return;
      case "wake up":
        isAsleep = false;
        links.provoked(true);
        device.wakeUp();
        return;
      case "set the wall clock":
        links.provoked(true);
        setAhead += Math.max(0, action.ms);
        clock.stepWall(action.ms);
        return;
      case "blink":
        links.provoked();
        await blink(action);
        return;
      case "use":
      case "reconnect":
      case "repeat":
      case "abort":
      case "publish":
      case "listen":
      case "loop":
      case "take":
      case "leave":
      case "stumble":
        links.provoked();
        application(action);
        return;
      default: {
        const broken = changeNetwork(network, action, PATH_OF[links.current ?? "websocket"]);
        if (broken)
          tally.count("seen", action.do === "half-open" ? "connections half-open" : "connections cut", broken);
      }
    }
  }

  function application(action: Exclude<ApplicationAction, { do: "blink" }>): void {
    switch (action.do) {
      case "use":
        choice = action.choice;
        client.use(action.choice);
        isAsleep &&= client.status.state === "asleep";
        return;
      case "reconnect":
        client.reconnect();
        isAsleep = false;
        return;
      case "repeat":
        publisher.repeat();
        return;
      case "abort":
        publisher.abort();
        return;
      case "publish":
        for (let i = 0; i < action.count; i++) publisher.publish(seatOf(action).channel, action);
        return;
      case "listen":
        seatOf(action).listen(fromOf(action.from, seatOf(action)));
        return;
      case "loop":
        seatOf(action).loop(fromOf(action.from, seatOf(action)));
        return;
      case "take":
        seatOf(action).take(action.count);
        return;
      case "leave":
        seatOf(action).leave(action.inHandler);
        return;
      case "stumble":
        seatOf(action).stumble();
        return;
    }
  }

  async function blink({ channel, ms, inHandler }: ApplicationAction & { do: "blink" }): Promise<void> {
    const seat = seatOf({ channel });
    if (seat.listeners === 0) return;
    seat.leaveAll(inHandler);
    await server.publish(seat.channel, 2, false);
    await pass(ms);
    seat.listen(fromOf("where it was", seat));
  }

  const seatOf = ({ channel }: { readonly channel: number }): Seat => seats[channel] as Seat;

  function fromOf(from: From, { channel, place }: Seat): "start" | "now" | Id {
    const head = books.head(channel);
    switch (from) {
      case "start":
      case "now":
        return from;
      case "where it was":
        return place ? idOf(place) : "start";
      case "some old place":
        return head ? idOf({ ...head, seq: Math.floor(head.seq / 2) }) : "start";
      case "a place to come":
        return head ? idOf({ ...head, seq: head.seq + 3 }) : "now";
    }
  }

  // --- what holds after every step ---

  function check(): void {
    const { state, transport, holes, unanswered } = client.status;
    const { open, current } = links;
    if (holes > 0) wrong(`${holes} holes (3)`);
    if (closed ? state !== "closed" : state === "stopped" || state === "closed") wrong(`the client is ${state} (11)`);
    if (new Set(open).size !== open.length) wrong(`two links of one transport: ${open.join(", ")} (4)`);
    if ((state === "open" || state === "connecting") !== open.length > 0 && walk.tokenMs === 0) {
      wrong(`${open.length} links while ${state} (4)`);
    }
    if (state === "open" ? current !== transport : current !== undefined) {
      wrong(`${state} over ${transport}, and what came says ${current} (10)`);
    }
    if (state === "open") checkOpen(transport, open);
    if (network.open("websocket") > (open.includes("websocket") ? 1 : 0)) wrong("a socket that no link has (4)");
    if (network.open("stream") > (open.includes("sse") ? 2 : 0)) wrong("a stream that no link has (4)");
    if (network.open("poll") > (open.includes("poll") ? 1 : 0)) wrong("a poll that no link has (4)");
    if (network.open("commands") > 1) wrong("two batches of commands at once (4)");
    if (device.timers > MOST_TIMERS) wrong(`${device.timers} timers (7)`);
    if (unanswered < publisher.unsettled) wrong(`${unanswered} unanswered of ${publisher.unsettled} (5)`);
    for (const seat of seats) seat.check();
    if (failures.length > 0) throw failures[0];
  }

  function checkOpen(transport: TransportName | undefined, open: readonly TransportName[]): void {
    const order = orderOf(choice);
    const probes = open.filter((name) => name !== transport);
    const worse = probes.filter((name) => order.indexOf(name) > order.indexOf(transport as TransportName));
    if (probes.length > 1 || worse.length > 0) wrong(`${open.join(", ")} are open besides ${transport} (4)`);
    const timeline = client.timeline();
    const last = timeline.findLast(({ what }) => what === "open");
    if (last && last.transport !== transport) wrong(`the timeline ends in ${last.transport} (10)`);
    if (timeline.length > MOST_TIMELINE) wrong(`${timeline.length} entries in the timeline (10)`);
  }

  // --- the end ---

  async function finish(): Promise<void> {
    if (walk.healed) await heal();
    await end();
  }

  async function heal(): Promise<void> {
    await step({ do: "calm" });
    await step({ do: "store works" });
    if (isAsleep) await step({ do: "wake up" });
    const isWanted = seats.some(({ listeners }) => listeners > 0);
    for (const seat of seats) seat.take(Number.POSITIVE_INFINITY);
    await publishEverywhere();
    await passUntil(DELIVERED_WITHIN_MS, () => publisher.unsettled === 0 && seats.every(({ isAtHead }) => isAtHead));
    await publishEverywhere();
    await passUntil(DELIVERED_WITHIN_MS, () => seats.every(({ isCaughtUp }) => isCaughtUp));
    publisher.assertSettled();
    for (const seat of seats) seat.assertCaughtUp();
    const best = orderOf(choice)[0];
    if (isWanted) {
      await passUntil(PROMOTED_WITHIN_MS, () => client.status.transport === best);
      if (client.status.transport !== best) wrong(`${client.status.transport} is in use, and ${best} would be (9)`);
    }
    check();
  }

  async function publishEverywhere(): Promise<void> {
    for (const { channel } of seats) await server.publish(channel, 1, false);
  }

  async function end(): Promise<void> {
    closed = true;
    publisher.closing();
    void client.close().catch(failed);
    for (const path of PATHS) network.change(path, FAIR);
    network.bury();
    await rest();
    publisher.assertSettled();
    if (device.timers > 0) wrong(`${device.timers} timers of the client are left (7)`);
    await pass(CLOSING_MS);
    const { links: serverLinks, subscriptions, watched, timers } = server.stats;
    const { reading, live, lagging } = subscriptions;
    for (const [what, left] of Object.entries({ serverLinks, watched, timers, reading, live, lagging })) {
      if (left > 0) wrong(`${left} ${what} left when the client has gone (12)`);
    }
    tally.count("seen", "key that was known", books.repeats);
    await server.end();
    await rest();
    if (clock.pending > 0) wrong(`${clock.pending} timers left when all have gone (7)`);
    check();
  }

  return { step, finish };
}

function orderOf(choice: TransportChoice): readonly TransportName[] {
  if (choice === "auto") return ["websocket", "sse", "poll"];
  return typeof choice === "string" ? [choice] : choice;
}
