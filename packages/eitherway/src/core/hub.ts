/** Where everything meets: links come in, commands go to the broker, and what is appended goes out at the end of the turn. */
import { EitherwayError, type ErrorCode, type HelloFrame, payloadBytes, toEitherwayError } from "../protocol/index.ts";
import { createAdmit } from "./admission.ts";
import { createAnnouncer } from "./announcer.ts";
import { type Audit, NO_AUDIT } from "./audit.ts";
import type { Authority } from "./authority.ts";
import type { Broker, Draft, Receipt, Volatile } from "./broker.ts";
import type { CallHandlers } from "./call-handlers.ts";
import { createCalls } from "./calls.ts";
import { createCanary, NO_CANARY } from "./canary.ts";
import { createCommandRates } from "./command-rates.ts";
import { createCommands } from "./commands.ts";
import { type Counters, createCounters } from "./counters.ts";
import { createGate, type Gate, OPEN_GATE } from "./gate.ts";
import type { Hub, HubStats, Identity, Published, Session } from "./hub-api.ts";
import { createHubPresence } from "./hub-presence.ts";
import { createLatestWindows } from "./latest-windows.ts";
import { DEFAULT_PING_MS, DEFAULT_PRESENCE_LEASE_MS, type Limits } from "./limits.ts";
import type { Link, LinkTransport } from "./link.ts";
import type { RunSink } from "./live-reader.ts";
import type { Clock, Logger, Random } from "./ports.ts";
import { createPublisher, type Publish, type PublishOutcome } from "./publisher.ts";
import { createRoom } from "./room.ts";
import type { Rules } from "./rules.ts";
import { MESSAGE_OVERHEAD_BYTES, messageBytes } from "./run-bytes.ts";
import { createSeats } from "./seats.ts";
import { HubSession, type SessionOwner } from "./session.ts";
import type { SubscriptionState } from "./subscription.ts";
import { createTimerWheel } from "./timer-wheel.ts";
import { Topic, type TopicOwner } from "./topic.ts";

export interface HubOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Default: nobody audits. */
  readonly audit?: Audit | undefined;
  readonly limits: Limits;
  /** Default: counters of its own. Shared with the broker they are one list in `stats()`. */
  readonly metrics?: Counters;
  /** Milliseconds between pings. Default: 15 s. */
  readonly pingMs?: number;
  /** Milliseconds for which a member stays when its last link is gone. Default: 10 s. */
  readonly presenceLeaseMs?: number;
  /** Default: every channel is open, and every message reliable. */
  readonly rules?: Rules | undefined;
  /** Establishes who somebody is. Default: nobody does, and everything is allowed. */
  readonly authority?: Authority | undefined;
  /** What answers calls. Default: nothing does. */
  readonly calls?: CallHandlers | undefined;
}

/** Links written to in one slice of a flush: about 3 ms of the kernel's work; then others have their turn (P7). */
const LINKS_A_SLICE = 500;

/** How long pages are kept for equal readers. Reconnects of one outage come in the same tenths of a second. */
const PAGES_MS = 100;

/** Links that come back in a second after `close`, as told to each: a herd that the next server takes without effort. */
const RETURNS_A_SECOND = 200;
const MS_PER_SECOND = 1_000;

export function createHub(options: HubOptions): Hub {
  const {
    broker,
    clock,
    random,
    logger,
    limits,
    rules,
    audit = NO_AUDIT,
    metrics = createCounters(),
    pingMs = DEFAULT_PING_MS,
    presenceLeaseMs = DEFAULT_PRESENCE_LEASE_MS,
  } = options;
  const wheel = createTimerWheel(clock);
  const seats = createSeats(limits, metrics, audit);
  const rates = createCommandRates(limits, clock, metrics, audit);
  const sessions = new Set<HubSession>();
  const topics = new Map<string, Topic>();
  /** Topics with something to flush, in the order of their turns. */
  const changed = new Set<Topic>();
  /** Links whose writes wait for the end of the turn, so that each gets one. */
  const corked: RunSink[] = [];
  const room = createRoom(limits.unflushedBytes);
  let flushScheduled = false;
  let closing: { readonly code: ErrorCode; readonly message: string } | undefined;
  /** Who waits in `close` for the last link. */
  const closers = new Set<() => void>();
  let topicsWithPages: Topic[] = [];

  // --- flush ---

  const topicOwner: TopicOwner = {
    broker,
    clock,
    metrics,
    changed(topic) {
      changed.add(topic);
      scheduleFlush();
    },
    unflushed: (bytes) => room.use(bytes),
    cork,
    keepsPages(topic) {
      if (topicsWithPages.length === 0) clock.after(PAGES_MS, forgetPages);
      topicsWithPages.push(topic);
    },
    abandoned(topic) {
      changed.delete(topic);
      topics.delete(topic.channel);
    },
  };

  function forgetPages(): void {
    for (const topic of topicsWithPages) topic.forgetPages();
    topicsWithPages = [];
  }

  function scheduleFlush(): void {
    if (flushScheduled) return;
    flushScheduled = true;
    clock.defer(flush);
  }

  /** Gathers what is written to a link up to the end of this turn: answers and runs leave as one write. */
  function cork(sink: RunSink): void {
    if (!sink.cork()) return;
    corked.push(sink);
    scheduleFlush();
  }

  /** One slice. A topic that is not done, or has more, goes behind the others: channels take turns. */
  function flush(): void {
    flushScheduled = false;
    const now = clock.now();
    // With one changed channel every link gets one write anyway.
    const several = changed.size > 1;
    let budget = LINKS_A_SLICE;
    for (const topic of changed) {
      changed.delete(topic);
      budget = topic.flush(budget, now, several) - 1; // - 1: channels without live links come to an end as well
      if (topic.hasUnflushed) changed.add(topic);
      if (budget <= 0) break;
    }
    for (const sink of corked) sink.uncork();
    corked.length = 0;
    if (changed.size > 0) scheduleFlush();
  }

  // --- commands ---

  /** Nearly always all are within the limits: then one pass over the sizes is all there is before the broker. */
  function appendWithin(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    let bytes = 0;
    let largest = 0;
    for (const { payload } of drafts) {
      const size = payloadBytes(payload);
      bytes += size + MESSAGE_OVERHEAD_BYTES;
      if (size > largest) largest = size;
    }
    return largest <= limits.messageBytes ? append(channel, drafts, bytes) : appendSmall(channel, drafts);
  }

  /** One broker call for all drafts that are within the limits; the others have their error in their place. */
  async function appendSmall(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    const errors = drafts.map((draft) => tooLarge(channel, draft, limits));
    const good = drafts.filter((_, i) => !errors[i]);
    metrics.count("publish.refused.too-large", drafts.length - good.length);
    const receipts = good.length === 0 ? [] : await appendWithin(channel, good);
    const rest = receipts[Symbol.iterator]();
    return errors.map((error) => (error ? { ok: false, error } : (rest.next().value as Receipt)));
  }

  async function append(channel: string, drafts: readonly Draft[], bytes: number): Promise<readonly Receipt[]> {
    // As `withRoom` does, without its promise: it would be one more for each message of a relay.
    let entered = false;
    try {
      const wait = room.enter(bytes);
      entered = true;
      if (wait !== undefined) {
        metrics.count("publish.delayed", drafts.length);
        await wait;
      }
      const receipts = await broker.publish(channel, drafts);
      countReceipts(receipts);
      return receipts;
    } catch (thrown) {
      const error = toEitherwayError(thrown);
      if (error.code === "internal") logger.error("publish failed", { channel, cause: String(error.cause ?? error) });
      metrics.count(`publish.refused.${error.code}`, drafts.length);
      return drafts.map(() => ({ ok: false, error }));
    } finally {
      if (entered) room.leave(bytes);
    }
  }

  async function withRoom<T>(bytes: number, append: () => Promise<T>): Promise<T> {
    // Awaited only where there is none: otherwise the append happens in the very turn of the call.
    const wait = room.enter(bytes);
    if (wait !== undefined) {
      metrics.count("publish.delayed");
      await wait;
    }
    try {
      return await append();
    } finally {
      room.leave(bytes);
    }
  }

  function countReceipts(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) {
      if (!receipt.ok) metrics.count(`publish.refused.${receipt.error.code}`);
      else metrics.count(receipt.repeated ? "publish.repeated" : "messages.published");
    }
  }

  /** Beyond `limits.unflushedBytes` it is dropped: volatile messages wait for nothing. Throws `too-large`. */
  function tell(channel: string, messages: readonly Volatile[]): void {
    let bytes = 0;
    for (const message of messages) {
      const error = tooLarge(channel, message, limits);
      if (error) throw error;
      bytes += messageBytes(message);
    }
    if (room.full) {
      metrics.count("volatile.dropped", messages.length);
      return;
    }
    void room.enter(bytes); // there is room
    metrics.count("volatile.announced", messages.length);
    void broker
      .announce(channel, messages)
      .catch((thrown: unknown) => {
        metrics.count("volatile.dropped", messages.length);
        const { code, message, cause = message } = toEitherwayError(thrown);
        if (code === "internal") logger.warn("announcement failed", { channel, cause: String(cause) });
      })
      .finally(() => room.leave(bytes));
  }

  // --- links ---

  function open(link: Link, hello: HelloFrame, who: Identity): Session {
    if (closing) {
      metrics.count(`links.refused.${closing.code}`);
      throw new EitherwayError(closing.code, closing.message);
    }
    gate.check(who);
    rates.ofHello(who, hello.channels.size);
    seats.take(who);
    const session = new HubSession(sessionOwner, link, who);
    sessions.add(session);
    metrics.count("links.opened");
    session.begin(hello);
    return session;
  }

  async function close(code: ErrorCode, message: string, graceMs: number): Promise<void> {
    closing = { code, message };
    await Promise.all([windows.close(), allGone(code, message, graceMs)]);
    gate.close();
    canary.close();
  }

  /** Says bye, and waits for the links and calls that are there. */
  function allGone(code: ErrorCode, message: string, graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        if (!closers.delete(done)) return;
        stopWaiting();
        for (const session of sessions) session.closed(); // links that did not go in time
        calls.abort();
        resolve();
      };
      const stopWaiting = clock.after(graceMs, done);
      closers.add(done);
      for (const [i, session] of [...sessions].entries()) session.bye(code, message, returnAfter(i));
      ended();
    });
  }

  function ended(): void {
    if (sessions.size === 0 && calls.running === 0) for (const done of closers) done();
  }

  function returnAfter(index: number): number {
    return Math.floor(((index + random()) / RETURNS_A_SECOND) * MS_PER_SECOND);
  }

  /** What is revoked cannot be known: nobody keeps what he was given. */
  function endIdentified(): void {
    for (const session of sessions) {
      if (session.who.rights) session.bye("unavailable", "This server cannot read what was revoked; come back.");
    }
  }

  function stats(): HubStats {
    const subscriptions: Record<SubscriptionState, number> = { reading: 0, live: 0, lagging: 0, ended: 0 };
    const transports: Record<LinkTransport, number> = { websocket: 0, sse: 0, events: 0, poll: 0 };
    for (const session of sessions) {
      transports[session.link.transport]++;
      for (const { state } of session.subscriptions) subscriptions[state]++;
    }
    const { reading, live, lagging } = subscriptions;
    return {
      links: sessions.size,
      transports,
      subscriptions: { reading, live, lagging },
      watched: topics.size,
      unflushedBytes: room.used,
      windowBytes: windows.bytes,
      calls: calls.running,
      timers: wheel.size,
      broker: broker.sizes(),
      counters: { ...metrics.all },
    };
  }

  const windows = createLatestWindows({ clock, limits, metrics, append: appendWithin });
  const admit = rules && createAdmit(rules, logger);
  /** Without rules there is nothing but the append, in the very turn of the call. */
  const publishAs: Publish = admit
    ? createPublisher({ admit, windows, metrics, append: appendWithin, announce: tell })
    : appendWithin;
  const publish: Hub["publish"] = admit
    ? async (channel, drafts, own = false) => settled(await publishAs(channel, drafts, own))
    : appendWithin;
  const announce = createAnnouncer({ admit, metrics, tell });
  const calls = createCalls({
    ...{ broker, clock, wheel, limits, logger, metrics },
    handlers: options.calls,
    idle: ended,
  });
  const presence = createHubPresence({
    ...{ broker, clock, wheel, limits, logger, metrics, rules },
    leaseMs: presenceLeaseMs,
  });
  const gate: Gate = options.authority
    ? createGate({
        ...{ authority: options.authority, broker, clock, wheel, logger, audit, metrics },
        act(revocation) {
          options.authority?.forget();
          let links = 0;
          for (const session of sessions) if (session.revoked(revocation)) links++;
          return links;
        },
        blind: endIdentified,
      })
    : OPEN_GATE;
  const canary = broker.reread ? createCanary({ broker, clock, random, wheel, logger, metrics }) : NO_CANARY;
  const run = createCommands({ publish: publishAs, calls, presence, logger, metrics });

  const hub: Hub = {
    ...{ broker, clock, random, logger, audit, metrics, limits, rules, pingMs, wheel, seats },
    ...{ open, publish, announce, presence, withRoom, run, stats, close },
    identify: gate.identify,
    revoke: gate.revoke,
    spend: rates.ofRequest,
    get troubles() {
      return [canary.trouble, gate.trouble].filter((trouble) => trouble !== undefined);
    },
  };

  const sessionOwner: SessionOwner = {
    ...hub,
    rates,
    cork,
    topic(channel) {
      let topic = topics.get(channel);
      if (!topic) {
        topic = new Topic(topicOwner, channel);
        topics.set(channel, topic);
      }
      return topic;
    },
    gone(session) {
      if (!sessions.delete(session)) return;
      seats.free(session.who);
      metrics.count("links.closed");
      ended();
    },
  };

  return hub;
}

function settled(outcomes: readonly PublishOutcome[]): Promise<readonly Published[]> {
  return Promise.all(outcomes.map((outcome) => ("later" in outcome ? outcome.later : outcome)));
}

function tooLarge(channel: string, { payload }: Volatile, limits: Limits): EitherwayError | undefined {
  const bytes = payloadBytes(payload);
  if (bytes <= limits.messageBytes) return undefined;
  return new EitherwayError(
    "too-large",
    `Message of ${bytes} bytes on ${channel} is over the limit of ${limits.messageBytes}; raise limits.messageBytes or send a link.`,
  );
}
