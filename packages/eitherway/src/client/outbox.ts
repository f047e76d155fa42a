/**
 * Commands until they are answered: kept in order per channel, sent again after a cut with the same keys (P5), bounded (P6).
 *
 * A channel's commands are a lane. A lane that fails in a way that may pass is held and then sent again from its first unanswered
 * command, so that nothing overtakes; other lanes go on.
 */
import {
  EitherwayError,
  type ErrorCode,
  type ErrorFrame,
  type Id,
  isRetryable,
  type OkFrame,
  type PublishFrame,
  payloadBytes,
  type WelcomeFrame,
} from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import { type Command, createCommand } from "./command.ts";
import type { ClientClock, Random, Undo } from "./ports.ts";
import type { LinkFailure } from "./transport.ts";

export interface OutboxOptions {
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
  publish(
    draft: Omit<PublishFrame, "t" | "key">,
    key: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly id: Id }>;
  ready(): Promise<void>;
  /** A link is open: everything unanswered goes out over it, in order. */
  attach(send: (command: Command) => void, welcome: WelcomeFrame): void;
  detach(): void;
  answer(frame: OkFrame | (ErrorFrame & { readonly key: string })): void;
  returned(commands: readonly Command[], failure: LinkFailure | undefined): void;
  close(): void;
  /** Commands without an answer. */
  readonly size: number;
  readonly roundTrip: number | undefined;
}

/**
 * A repeated key must reach the server while it still remembers the first one. Its window begins with the append, ours with the
 * sending, so this much is left for the way.
 */
const RESEND_MARGIN_MS = 10_000;

interface Entry {
  readonly command: Command;
  readonly lane: Lane;
  resolve(receipt: { readonly id: Id }): void;
  reject(reason: unknown): void;
  /** When it was first sent and may have been applied, by both clocks: one stands still in sleep, the other may be set. */
  sentAt: { readonly now: number; readonly wall: number } | undefined;
  sends: number;
}

interface Lane {
  readonly channel: string;
  /** Unanswered, in order. */
  readonly entries: Entry[];
  /** The first this many are on the wire. */
  sent: number;
  /** Ends the wait after a failure. */
  held: Undo | undefined;
  failures: number;
  /** A command was refused for now on this link: the server lets nothing of the lane pass before it comes again. */
  refused: boolean;
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
  let waiters: { resolve(): void; reject(error: Error): void }[] = [];
  let link: Attached | undefined;
  /** All lanes are held: the door for commands failed as a whole. */
  let held: Undo | undefined;
  let failures = 0;
  let counter = 0;
  let size = 0;
  let bytes = 0;
  let roundTrip: number | undefined;
  let closed = false;

  // --- in ---

  async function publish(
    draft: Omit<PublishFrame, "t" | "key">,
    key: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly id: Id }> {
    signal?.throwIfAborted();
    if (closed) throw closedError();
    // One counter for all channels: an answer names the key only. Per channel it grows, which is what the log asks for.
    const command = createCommand({ t: "publish", key: key ?? `${client}.${++counter}`, ...draft });
    if (!hasRoom()) {
      throw new EitherwayError(
        "unavailable",
        `${size} commands of ${bytes} bytes wait for their answers, the limits are ${options.commands} and ${options.bytes} (outbox); await client.ready() before publishing more.`,
      );
    }
    const lane = laneOf(draft.channel);
    return new Promise((resolve, reject) => {
      const entry: Entry = { command, lane, resolve, reject, sentAt: undefined, sends: 0 };
      lane.entries.push(entry);
      size++;
      bytes += command.bytes;
      if (signal) heed(signal, entry);
      changed();
      pump(lane);
    });
  }

  function heed(signal: AbortSignal, entry: Entry): void {
    const { resolve, reject } = entry;
    const onAbort = (): void => {
      if (entry.sends === 0) {
        giveUp(entry, signal.reason);
      } else reject(unknown(entry, "it was given up after it was sent")); // stays: its lane goes on through it
    };
    signal.addEventListener("abort", onAbort, { once: true });
    entry.resolve = (receipt) => {
      signal.removeEventListener("abort", onAbort);
      resolve(receipt);
    };
    entry.reject = (reason) => {
      signal.removeEventListener("abort", onAbort);
      reject(reason);
    };
  }

  function laneOf(channel: string): Lane {
    let lane = lanes.get(channel);
    if (!lane) {
      lane = { channel, entries: [], sent: 0, held: undefined, failures: 0, refused: false };
      lanes.set(channel, lane);
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
      const refusal = tooLarge(command, link.welcome) ?? (isTooOld(entry, link.welcome) ? tooOld(entry) : undefined);
      if (refusal) {
        giveUp(entry, refusal);
        continue;
      }
      lane.sent++;
      entry.sends++;
      entry.sentAt ??= { now: clock.now(), wall: clock.wall() };
      onWire.set(command.frame.key, entry);
      link.send(command);
    }
  }

  function giveUp(entry: Entry, reason: unknown): void {
    const { refused } = entry.lane;
    settle(entry, () => entry.reject(reason));
    if (refused) options.stuck();
  }

  function isTooOld({ sentAt }: Entry, { keyWindow }: WelcomeFrame): boolean {
    if (!sentAt) return false;
    const age = Math.max(clock.now() - sentAt.now, clock.wall() - sentAt.wall);
    return age > keyWindow - Math.min(RESEND_MARGIN_MS, keyWindow / 2);
  }

  // --- back ---

  function answer(frame: OkFrame | (ErrorFrame & { readonly key: string })): void {
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
    settle(entry, () => {
      if (frame.t === "ok") entry.resolve({ id: frame.id });
      else entry.reject(new EitherwayError(frame.code, frame.message));
    });
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
        settle(entry, () => entry.reject(new EitherwayError(code, failure?.message ?? "")));
      } else offWire(entry, failure ? "unknown" : "refused");
    }
    for (const { lane } of entries) rewind(lane);
    if (failure && (code === undefined || isRetryable(code))) {
      held ??= clock.after(backoffMs(failures++, random, failure.after), () => {
        held = undefined;
        pumpAll();
      });
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
  }

  /** `refused`: this sending was not applied, and if there was no other the outcome is known again. */
  function offWire(entry: Entry, outcome: "refused" | "unknown"): void {
    if (onWire.get(entry.command.frame.key) === entry) onWire.delete(entry.command.frame.key);
    if (outcome === "refused" && entry.sends === 1) {
      entry.sends = 0;
      entry.sentAt = undefined;
    }
  }

  function rewind(lane: Lane): void {
    const first = lane.entries.findIndex((entry) => onWire.get(entry.command.frame.key) !== entry);
    lane.sent = first < 0 ? lane.entries.length : first;
  }

  function settle(entry: Entry, tell: () => void): void {
    remove(entry);
    tell();
  }

  function remove(entry: Entry): void {
    const { lane, command } = entry;
    const at = lane.entries.indexOf(entry);
    if (at < 0) return;
    lane.entries.splice(at, 1);
    if (at < lane.sent) lane.sent--;
    size--;
    bytes -= command.bytes;
    if (onWire.get(command.frame.key) === entry) {
      onWire.delete(command.frame.key);
      wakeTwins(command.frame.key);
    }
    if (lane.entries.length === 0) {
      lane.held?.();
      lanes.delete(lane.channel);
    }
    if (hasRoom()) for (const waiter of waiters.splice(0)) waiter.resolve();
    changed();
  }

  /** Only an application's own keys come twice. */
  function wakeTwins(key: string): void {
    if (!key.startsWith(`${client}.`)) queueMicrotask(pumpAll);
  }

  function hasRoom(): boolean {
    return size < options.commands && bytes < options.bytes;
  }

  return {
    publish,
    answer,
    returned,
    async ready() {
      if (closed) throw closedError();
      if (!hasRoom()) await new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
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
      }
    },
    close() {
      closed = true;
      link = undefined;
      held?.();
      for (const lane of [...lanes.values()]) {
        for (const entry of [...lane.entries]) {
          const error =
            entry.sends === 0 ? closedError() : unknown(entry, "the client was closed before its answer came");
          settle(entry, () => entry.reject(error));
        }
      }
      for (const waiter of waiters) waiter.reject(closedError());
      waiters = [];
    },
    get size() {
      return size;
    },
    get roundTrip() {
      return roundTrip;
    },
  };
}

// --- refusals of our own ---

/** Checked here, since a frame that is too large costs the whole link, and would again after every reconnect. */
function tooLarge({ frame, bytes }: Command, { limits }: WelcomeFrame): EitherwayError | undefined {
  const size = payloadBytes(frame.payload);
  if (size > limits.messageBytes) return tooLargeError(frame, size, "limits.messageBytes", limits.messageBytes);
  if (bytes > limits.frameBytes) return tooLargeError(frame, bytes, "limits.frameBytes", limits.frameBytes);
  return undefined;
}

function tooLargeError({ channel }: PublishFrame, size: number, name: string, limit: number): EitherwayError {
  return new EitherwayError(
    "too-large",
    `Message of ${size} bytes on ${channel} is over the server's limit of ${limit} (${name}); send less, or a link to it.`,
  );
}

function tooOld(entry: Entry): EitherwayError {
  return unknown(entry, "it got no answer for as long as the server remembers keys");
}

function unknown({ command: { frame } }: Entry, why: string): EitherwayError {
  return new EitherwayError(
    "outcome-unknown",
    `Whether ${frame.key} on ${frame.channel} was stored is not known: ${why}; read the channel before sending it anew.`,
  );
}

function closedError(): EitherwayError {
  return new EitherwayError("closed" satisfies ErrorCode, "The client is closed; create another one.");
}
