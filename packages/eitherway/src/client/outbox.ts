/**
 * Commands until they are answered: kept in order per channel, sent again after a cut with the same keys (P5), bounded (P6).
 *
 * A channel's commands are a lane, but those of presence, which have one of their own. A lane that fails in a way that may pass is held and then sent again from its first unanswered
 * command, so that nothing overtakes; other lanes go on. With a store, a command goes out once the disk says that it may have.
 */
import {
  type ArrivedError,
  type ArrivedOk,
  type CallFrame,
  type CommandFrame,
  EitherwayError,
  isRetryable,
  laneOf,
  type PresenceFrame,
  type PublishFrame,
  type WelcomeFrame,
} from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import { type Command, type CreateAsker, createCommand } from "./command.ts";
import { momentOf } from "./moment.ts";
import { type Entry, heedSignal, type Lane, tooOld } from "./outbox-entry.ts";
import { clientClosed, outboxFull, outcomeUnknown, tooLarge } from "./outbox-refusals.ts";
import type { KeptOutbox, OutboxKeeper } from "./outbox-store/outbox-store.ts";
import type { ClientClock, Random, Undo } from "./ports.ts";
import type { LinkFailure } from "./transport.ts";
import { createWaitingRoom } from "./waiting-room.ts";

/** A command before it has a key. */
export type CommandDraft = Omit<PublishFrame, "key"> | Omit<CallFrame, "key"> | Omit<PresenceFrame, "key">;

/** What not every client has. */
export interface OutboxParts {
  /** Keeps commands over reloads. Default: they end with the page. */
  readonly keep?: ((outbox: KeptOutbox) => OutboxKeeper) | undefined;
}

export interface OutboxOptions extends OutboxParts {
  readonly clock: ClientClock;
  readonly random: Random;
  readonly client: string;
  readonly commands: number;
  readonly bytes: number;
  /** Something that the status tells has changed. */
  changed(): void;
  /** The server waits on this link for a command that will not come again: only another link goes on. */
  stuck(): void;
}

export interface Outbox {
  /** The key defaults to a counted one. Never throws; rejects. */
  submit(
    draft: CommandDraft,
    key: string | undefined,
    signal: AbortSignal | undefined,
    createAsker?: CreateAsker,
  ): Promise<ArrivedOk>;
  /** Resolves once there is room, and the store has what was published before. */
  ready(): Promise<void>;
  /** A link is open: everything unanswered goes out over it, in order. */
  attach(send: (command: Command) => void, welcome: WelcomeFrame): void;
  detach(): void;
  answer(frame: ArrivedOk | (ArrivedError & { readonly key: string })): void;
  /** The server has a call and no answer yet. */
  running(key: string): void;
  returned(commands: readonly Command[], failure: LinkFailure | undefined): void;
  /** Rejects what is unanswered; with a store that stays for a later page. Resolves once the store is closed. */
  close(): Promise<void>;
  /** Commands without an answer, in the order of publishing. */
  entries(): readonly Entry[];
  /** How many there are. */
  readonly size: number;
  readonly roundTrip: number | undefined;
}

interface Attached {
  readonly send: (command: Command) => void;
  readonly welcome: WelcomeFrame;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { clock, random, client, changed } = options;
  const lanes = new Map<string, Lane>();
  /** By key, since that is all an answer names; so a key is on the wire once. */
  const onWire = new Map<string, Entry>();
  let link: Attached | undefined;
  /** All lanes are held: the door for commands failed as a whole. */
  let held: Undo | undefined;
  let failures = 0;
  let size = 0;
  let bytes = 0;
  let roundTrip: number | undefined;
  let closed = false;
  const waiting = createWaitingRoom(clock, places);
  const keeper = options.keep?.({ restore: push, entries: inOrder, giveUp, pump: pumpAll });
  const nextCounter = keeper?.nextCounter ?? createCounter();

  // --- in ---

  async function submit(
    draft: CommandDraft,
    key: string | undefined,
    signal: AbortSignal | undefined,
    createAsker?: CreateAsker,
  ): Promise<ArrivedOk> {
    signal?.throwIfAborted();
    if (closed) throw clientClosed();
    // One counter for all channels: an answer names the key only. Per channel it grows, which is what the log asks for.
    const counter = nextCounter();
    const command = createCommand({ ...draft, key: key ?? `${client}.${counter}` }, createAsker);
    if (!hasRoom()) throw outboxFull(size, bytes, options);
    return new Promise((resolve, reject) => {
      const entry = push({ command, counter, restored: false, resolve, reject, sends: 0 });
      waiting.taken();
      if (signal) heedSignal(signal, entry, () => giveUp(entry, signal.reason));
      if (command.frame.t === "publish") keeper?.add(counter, command.frame);
      changed();
      pump(entry.lane);
    });
  }

  function push(fields: Omit<Entry, "lane">): Entry {
    const entry: Entry = Object.assign(fields, { lane: laneFor(fields.command.frame) });
    entry.lane.entries.push(entry);
    size++;
    bytes += entry.command.bytes;
    return entry;
  }

  function laneFor(frame: CommandFrame): Lane {
    const name = laneOf(frame);
    let lane = lanes.get(name);
    if (!lane) {
      lane = { name, entries: [], sent: 0, failures: 0, refused: false };
      lanes.set(name, lane);
    }
    return lane;
  }

  // --- out ---

  function pumpAll(): void {
    for (const lane of [...lanes.values()]) pump(lane);
  }

  function pump(lane: Lane): void {
    while (link && !held && !lane.held && lane.sent < link.welcome.limits.inFlight) {
      const entry = lane.entries[lane.sent];
      if (!entry) return;
      const { command } = entry;
      if (onWire.has(command.frame.key)) return; // the same key of the application twice: the first has its answer first
      const refusal = tooLarge(command, link.welcome) ?? tooOld(entry, clock, link.welcome.keyWindow);
      if (refusal) {
        giveUp(entry, refusal);
        continue;
      }
      if (keeper?.holds(lane.entries.slice(lane.sent, link.welcome.limits.inFlight))) return;
      lane.sent++;
      entry.sends++;
      entry.sentAt ??= momentOf(clock);
      onWire.set(command.frame.key, entry);
      link.send(command);
    }
  }

  function giveUp(entry: Entry, reason: unknown): void {
    const { refused } = entry.lane;
    remove(entry);
    entry.reject(reason);
    if (refused) options.stuck();
  }

  // --- back ---

  function answer(frame: ArrivedOk | (ArrivedError & { readonly key: string })): void {
    const entry = onWire.get(frame.key);
    if (!entry) return; // the answer to an earlier sending
    const { lane } = entry;
    if (frame.t === "error" && isRetryable(frame.code)) {
      offWire(entry, "refused");
      lane.refused = true;
      hold(lane);
      return;
    }
    if (entry.sends === 1 && entry.sentAt) roundTrip = clock.now() - entry.sentAt.now;
    lane.failures = 0;
    lane.refused = false;
    failures = 0;
    remove(entry);
    if (frame.t === "ok") entry.resolve(frame);
    else entry.reject(new EitherwayError(frame.code, frame.message, { details: frame.details }));
    pump(lane);
  }

  function returned(commands: readonly Command[], failure: LinkFailure | undefined): void {
    const entries = commands.flatMap((command) => {
      const entry = onWire.get(command.frame.key);
      return entry?.command === command ? [entry] : [];
    });
    const { code } = failure ?? {};
    for (const entry of entries) {
      if (code !== undefined && !isRetryable(code)) {
        remove(entry);
        entry.reject(new EitherwayError(code, failure?.message ?? ""));
      } else offWire(entry, failure ? "unknown" : "refused");
    }
    for (const { lane } of entries) rewind(lane);
    if (failure && (code === undefined || isRetryable(code))) {
      held ??= clock.after(backoffMs(failures++, random, failure.after), () => {
        held = undefined;
        pumpAll();
      });
      keeper?.rest(inOrder());
    }
    pumpAll();
  }

  /** Sends the lane again, from its first unanswered command, after a pause. */
  function hold(lane: Lane): void {
    lane.held ??= clock.after(backoffMs(lane.failures++, random), () => {
      lane.held = undefined;
      for (const entry of lane.entries) offWire(entry, "unknown");
      rewind(lane);
      pump(lane);
    });
    keeper?.rest(lane.entries);
  }

  /** `refused`: this sending was not applied, and if there was no other the outcome is known again. */
  function offWire(entry: Entry, outcome: "refused" | "unknown"): void {
    if (isOnWire(entry)) onWire.delete(entry.command.frame.key);
    if (outcome === "refused" && entry.sends === 1) {
      entry.sends = 0;
      entry.sentAt = undefined;
    }
  }

  function rewind(lane: Lane): void {
    const first = lane.entries.findIndex((entry) => !isOnWire(entry));
    lane.sent = first < 0 ? lane.entries.length : first;
  }

  function isOnWire(entry: Entry): boolean {
    return onWire.get(entry.command.frame.key) === entry;
  }

  /** Before its outcome is told: whoever hears of it finds the outbox without it. */
  function remove(entry: Entry): void {
    const { lane, command } = entry;
    const at = lane.entries.indexOf(entry);
    if (at < 0) return;
    lane.entries.splice(at, 1);
    if (at < lane.sent) lane.sent--;
    size--;
    bytes -= command.bytes;
    keeper?.remove(entry.counter);
    if (isOnWire(entry)) {
      onWire.delete(command.frame.key);
      wakeTwins(command.frame.key);
    }
    if (lane.entries.length === 0) {
      lane.held?.();
      lanes.delete(lane.name);
    }
    waiting.call();
    changed();
  }

  /** Only an application's own keys come twice. */
  function wakeTwins(key: string): void {
    if (!key.startsWith(`${client}.`)) queueMicrotask(pumpAll);
  }

  function hasRoom(): boolean {
    return size < options.commands && bytes < options.bytes;
  }

  /** How many more commands fit, if they are like those that are there. */
  function places(): number {
    if (!hasRoom()) return 0;
    const mean = bytes / Math.max(1, size);
    return Math.min(options.commands - size, Math.ceil((options.bytes - bytes) / Math.max(1, mean)));
  }

  function inOrder(): readonly Entry[] {
    return [...lanes.values()].flatMap(({ entries }) => entries).sort((a, b) => a.counter - b.counter);
  }

  return {
    submit,
    answer,
    running(key) {
      const entry = onWire.get(key);
      if (!entry) return;
      entry.sends++; // whatever comes of asking again, it was started
      entry.sentAt = momentOf(clock); // and is remembered, from now on
    },
    returned,
    async ready() {
      await keeper?.settled();
      if (closed) throw clientClosed();
      await waiting.wait();
    },
    attach(send, welcome) {
      const fresh = link === undefined;
      link = { send, welcome };
      if (fresh) pumpAll();
    },
    detach() {
      link = undefined;
      onWire.clear();
      held?.();
      held = undefined;
      for (const lane of lanes.values()) {
        lane.sent = 0;
        lane.held?.();
        lane.held = undefined;
        lane.refused = false;
        keeper?.rest(lane.entries);
      }
    },
    async close() {
      closed = true;
      link = undefined;
      held?.();
      keeper?.rest(inOrder());
      const kept = keeper?.close(); // first: what is unanswered stays in the store
      waiting.close(clientClosed());
      for (const entry of inOrder()) {
        const { command, restored, sends, reject } = entry;
        const why = "the client was closed before its answer came";
        remove(entry);
        if (!restored) reject(sends === 0 ? clientClosed() : outcomeUnknown(command, why));
      }
      await kept;
    },
    entries: inOrder,
    get size() {
      return size;
    },
    get roundTrip() {
      return roundTrip;
    },
  };
}

function createCounter(): () => number {
  let counter = 0;
  return () => ++counter;
}
