/** A whole server with its readers in one test run: what each command does, and what has to hold after each (P1, P2, P3, P5, P6). */
import { setImmediate } from "node:timers/promises";
import {
  type CommandKey,
  createCounters,
  createHub,
  createMemoryBroker,
  DEFAULT_LIMITS,
  type Draft,
  type Limits,
  type Retention,
} from "../../src/core/index.ts";
import { ENTRY_OVERHEAD_BYTES } from "../../src/core/log.ts";
import { type Cursor, formatId } from "../../src/protocol/index.ts";
import { createAccess } from "../../src/server/access.ts";
import { createRouter } from "../../src/server/router.ts";
import { createFakeClock, createSeededRandom } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";
import { fail } from "./check.ts";
import { type Action, CHANNELS, type Command, type From, READERS } from "./commands.ts";
import { type Doors, MODEL_TRANSPORTS, type ModelTransport, postMessage } from "./connection.ts";
import { draftOf } from "./content.ts";
import { overheard } from "./overheard-broker.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Tally } from "./tally.ts";
import { countTransitions } from "./transitions.ts";
import { createTruth } from "./truth.ts";

export interface World {
  /** Does a command, and asserts what holds after every step. */
  step(command: Command): Promise<void>;
  /** Heals everything and asserts that nothing is missing; then ends everything and asserts that nothing is left. */
  finish(): Promise<void>;
}

/** Small, so that a few messages reach each of them. */
const RETENTION: Retention = { messages: 8, bytes: 3_600, ageMs: 20_000 };
const KEY_WINDOW_MS = 30_000;
const LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  links: 6,
  logBytes: 9_500,
  keys: 20,
  inFlight: 6,
  unflushedBytes: 900,
  linkBytes: 350,
  latestKeys: 2,
};
const PING_MS = 15_000;

/** A log that nobody uses for this long is gone. */
const LIFE_MS = Math.max(RETENTION.ageMs, KEY_WINDOW_MS) + 1_000;
/** So much time passes at once; then readers have their turn, as they would. */
const STRIDE_MS = 5_000;
/** How long a poll gathers. */
const GATHER_MS = 10;
/** Longer than any deadline of a connection that is being closed. */
const CLOSING_MS = 6_000;
/** The largest call of publish, as it counts until it is flushed: ten messages of 600 bytes. */
const LARGEST_PUBLISH = 10 * (600 + 100);
/** Answers to the commands that were taken up together before the link was full, each with a sentence. */
const CONTROL_BYTES = LIMITS.inFlight * 250;
/** Deadlines of a link: heartbeat, slowness, its transport's own. */
const TIMERS_A_LINK = 3;

/** A command with a key of somebody else's making. */
interface Keyed {
  readonly channel: string;
  readonly key: string;
  readonly draft: Draft;
}

export function createWorld(tally: Tally): World {
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const logger = witnessed({ error: (event: string, fields?: unknown) => failed([event, fields]) });
  const metrics = createCounters();
  const truth = createTruth({
    clock,
    tally,
    retention: RETENTION,
    keyWindowMs: KEY_WINDOW_MS,
    latestKeys: LIMITS.latestKeys,
    overheadBytes: ENTRY_OVERHEAD_BYTES,
  });
  const memory = createMemoryBroker({
    clock,
    random,
    limits: LIMITS,
    retention: RETENTION,
    keyWindowMs: KEY_WINDOW_MS,
    metrics,
  });
  const broker = overheard(memory, { truth, clock, random, failed });
  const hub = countTransitions(
    createHub({ broker, clock, random, logger, limits: LIMITS, metrics, pingMs: PING_MS }),
    tally,
  );
  const access = createAccess({ allowedOrigins: [], insecure: true });
  const handler = createRouter({ hub, access, isClosing: () => false });
  const doors: Doors = { handler, clock, limits: LIMITS, failed };
  const readers = READERS.map((name) => createReader({ name, doors, clock, truth, tally }));
  const keyed: Keyed[] = [];
  let bodies = 0;
  let publishing = 0;

  // --- steps ---

  async function step({ action, turns }: Command): Promise<void> {
    tally.count("command", action.do);
    await act(action);
    await look();
    for (let i = 0; i < turns; i++) {
      clock.turn();
      await look();
    }
  }

  /** Lets promises run, readers read, and asserts. */
  async function look(): Promise<boolean> {
    await setImmediate();
    if (publishing > 0) tally.count("outcome", "turn with a publish that waits");
    let busy = false;
    for (const reader of readers) {
      busy = reader.pump() || busy;
      if (reader.connection && !reader.connection.over) {
        for (const channel of reader.channels) if (reader.isLive(channel)) truth.used(channel);
      }
    }
    assertBounds();
    if (failures.length > 0) throw failures[0];
    return busy;
  }

  async function settle(): Promise<void> {
    for (let quiet = 0, rounds = 0; quiet < 2; quiet++) {
      if (++rounds > MOST_ROUNDS) fail("nothing comes to rest");
      await clock.settle();
      if (await look()) quiet = -1;
      else clock.advance(GATHER_MS);
    }
  }

  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STRIDE_MS) {
      clock.advance(Math.min(left, STRIDE_MS));
      await look();
    }
  }

  // --- commands ---

  async function act(action: Action): Promise<void> {
    switch (action.do) {
      case "publish": {
        const draft = draftOf(++bodies, action.size);
        const { collapse } = action;
        publish(channelOf(action), [collapse < COLLAPSE_KEYS ? { ...draft, collapse: `k${collapse}` } : draft]);
        return;
      }
      case "publish burst":
        publish(
          channelOf(action),
          Array.from({ length: action.count }, () => draftOf(++bodies, action.size)),
        );
        return;
      case "publish with key": {
        const one = { channel: channelOf(action), key: `order-${bodies}`, draft: draftOf(++bodies, 5) };
        keyed.unshift(one);
        publishKeyed(one, action.door);
        return;
      }
      case "repeat key": {
        const one = keyed[action.back];
        if (one) publishKeyed(one, action.door);
        return;
      }
      case "reuse key": {
        const one = keyed[action.back];
        if (one) publishKeyed({ ...one, draft: draftOf(++bodies, 5) }, "server");
        return;
      }
      case "say":
        for (let i = 0; i < action.count; i++) readerOf(action).say(channelOf(action), draftOf(++bodies, 10));
        return;
      case "cut":
        if (action.unread) clock.turn(); // what arrives now is never read
        if (readerOf(action).connection?.window.pendingBytes) tally.count("outcome", "cut with bytes under way");
        readerOf(action).cut();
        return;
      case "connect":
        readerOf(action).connect(action.transport);
        return;
      case "subscribe":
        readerOf(action).subscribe(channelOf(action), cursor(readerOf(action), channelOf(action), action.from));
        return;
      case "unsubscribe": {
        const [reader, channel] = [readerOf(action), channelOf(action)];
        if (!reader.channels.includes(channel)) reader.subscribe(channel, "now"); // and changes its mind at once
        reader.unsubscribe(channel);
        return;
      }
      case "slow reader":
        readerOf(action).slow();
        return;
      case "take bytes":
        readerOf(action).take(action.bytes);
        return;
      case "fast reader":
        readerOf(action).fast();
        return;
      case "let time pass":
        await pass(action.ms);
        return;
      case "re-create":
        await recreate(action);
        return;
      case "step the wall clock":
        clock.advance(0); // between turns: messages of one turn have one time
        clock.stepWall(action.ms);
        return;
      case "settle":
        for (const { outbox } of readers) outbox.retry();
        await settle();
        for (const reader of readers) reader.assertCaughtUp();
        return;
    }
  }

  /** Everybody leaves a channel until its log is gone; then a reader comes back with what it had. */
  async function recreate(action: Action & { do: "re-create" }): Promise<void> {
    const channel = channelOf(action);
    const before = cursor(readerOf(action), channel, action.from);
    for (const reader of readers) reader.unsubscribe(channel);
    await settle();
    await pass(LIFE_MS + STRIDE_MS);
    readerOf(action).subscribe(channel, before);
  }

  function publish(channel: string, drafts: readonly Draft[]): void {
    publishing++;
    hub
      .publish(channel, drafts)
      .then((receipts) => {
        publishing--;
        if (receipts.length !== drafts.length) fail(`P4: ${drafts.length} drafts got ${receipts.length} receipts`);
      })
      .catch(failed);
  }

  function publishKeyed({ channel, key, draft }: Keyed, door: "server" | "http"): void {
    const { event, payload } = draft;
    if (door === "server") {
      const foreign: CommandKey = { kind: "foreign", user: "", key };
      publish(channel, [{ event, payload, key: foreign }]);
    } else {
      const type = { json: "application/json", text: "text/plain", bytes: "application/octet-stream" }[payload.kind];
      const headers = { "content-type": type, "idempotency-key": key, "eitherway-event": event };
      postMessage(doors, channel, headers, payload.data);
    }
  }

  function cursor(reader: Reader, channel: string, from: From): Cursor {
    const head = truth.head(channel);
    switch (from) {
      case "start":
      case "now":
        return from;
      case "kept": {
        const at = reader.position(channel);
        return at ? formatId(at.epoch, at.seq) : "start";
      }
      case "old":
        return head ? formatId(head.epoch, Math.floor(head.seq / 2)) : "start";
      case "future":
        return head ? formatId(head.epoch, head.seq + 3) : FOREIGN_ID;
      case "former epoch": {
        const epoch = truth.formerEpoch(channel) ?? head?.epoch;
        return epoch ? formatId(epoch, 1) : "start";
      }
      case "foreign epoch":
        return FOREIGN_ID;
    }
  }

  const readerOf = ({ reader }: { readonly reader: number }): Reader => readers[reader] as Reader;

  // --- what holds after every step ---

  function assertBounds(): void {
    const { links, unflushedBytes, timers, broker: sizes } = hub.stats();
    const within = (what: string, value: number, most: number): void => {
      if (value > most) fail(`P6: ${value} ${what}, the bound is ${most}`);
    };
    within("links", links, LIMITS.links);
    within("unflushed bytes", unflushedBytes, LIMITS.unflushedBytes + LARGEST_PUBLISH);
    within("timers", timers, TIMERS_A_LINK * (links + READERS.length));
    within("channels", sizes.channels, CHANNELS.length);
    within("bytes of logs", sizes.logBytes, LIMITS.logBytes);
    within("keys", sizes.keys, LIMITS.keys);
    for (const { connection } of readers) {
      const window = connection?.window;
      if (!window) continue;
      within("bytes pending on a link", window.pendingBytes, LIMITS.linkBytes + window.largestWrite + CONTROL_BYTES);
    }
  }

  // --- the end ---

  async function finish(): Promise<void> {
    await settle();
    for (const reader of readers) reader.fast();
    await settle();
    for (const [i, reader] of readers.entries()) {
      if (!reader.connection) reader.connect(reader.channels.length > 0 ? transportOf(i) : "websocket json");
    }
    await settle();
    for (const reader of readers) {
      if (!reader.connection && reader.channels.length > 0) fail(`${reader.name} has no link in the end`);
      reader.assertCaughtUp();
    }
    await answerAll();
    await endAll();
  }

  /** Where the store is full, time makes room; each round has room for many commands. */
  async function answerAll(): Promise<void> {
    for (let round = 0; round < ANSWER_ROUNDS && readers.some(({ outbox }) => outbox.unanswered > 0); round++) {
      if (round > 0) await pass(RETENTION.ageMs);
      for (const { outbox } of readers) outbox.retry();
      await settle();
    }
    for (const reader of readers) {
      const { unanswered } = reader.outbox;
      if (unanswered > 0) fail(`P5: ${reader.name} waits for ${unanswered} answers in the end`);
      reader.assertCaughtUp();
    }
    if (publishing > 0) fail(`P4: ${publishing} publishes have no receipts in the end`);
  }

  async function endAll(): Promise<void> {
    for (const reader of readers) reader.cut();
    await settle();
    await pass(CLOSING_MS);
    const { links, subscriptions, watched, unflushedBytes, timers } = hub.stats();
    const { reading, live, lagging } = subscriptions;
    const left = { links, watched, unflushedBytes, timers, reading, live, lagging };
    for (const [what, value] of Object.entries(left)) {
      if (value !== 0) fail(`P6: ${value} ${what} left when all have gone`);
    }
    await broker.close();
    if (clock.pending > 0) fail(`P6: ${clock.pending} timers are left when all have gone`);
  }

  return { step, finish };
}

/** Turns until everything rests, far above what the largest backlog takes. */
const MOST_ROUNDS = 1_000;
const ANSWER_ROUNDS = 5;
const COLLAPSE_KEYS = 4;
const FOREIGN_ID = "zzzzzzzzzzzz-00000002";

const transportOf = (i: number): ModelTransport => MODEL_TRANSPORTS[i % MODEL_TRANSPORTS.length] ?? "sse";

const channelOf = ({ channel }: { readonly channel: number }): string => CHANNELS[channel] ?? CHANNELS[0];
