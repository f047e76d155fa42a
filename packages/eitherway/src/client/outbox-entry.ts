/** A command in the outbox, with what is known of its sendings. */
import type { ArrivedOk, EitherwayError } from "../protocol/index.ts";
import type { Command } from "./command.ts";
import { type Moment, msSince } from "./moment.ts";
import { outcomeUnknown } from "./outbox-refusals.ts";
import type { ClientClock, Undo } from "./ports.ts";

export interface Entry {
  readonly command: Command;
  readonly lane: Lane;
  /** Its place in the order of publishing. */
  readonly counter: number;
  /** An earlier page published it. */
  readonly restored: boolean;
  resolve(answer: ArrivedOk): void;
  reject(reason: unknown): void;
  /** When it was first sent and may have been applied. */
  sentAt?: Moment | undefined;
  sends: number;
}

export interface Lane {
  readonly name: string;
  /** Unanswered, in order. */
  readonly entries: Entry[];
  /** The first this many are on the wire. */
  sent: number;
  /** Ends the wait after a failure. */
  held?: Undo | undefined;
  failures: number;
  /** A command was refused for now on this link: the server lets nothing of the lane pass before it comes again. */
  refused: boolean;
}

/**
 * A repeated key must reach the server while it still remembers the first one. Its window begins with the append, ours with the
 * sending, so this much is left for the way.
 */
export const RESEND_MARGIN_MS = 10_000;

/** A refusal for a command that the server may have applied and forgotten. */
export function tooOld({ command, sentAt }: Entry, clock: ClientClock, keyWindow: number): EitherwayError | undefined {
  if (!sentAt) return undefined;
  if (msSince(sentAt, clock) <= keyWindow - Math.min(RESEND_MARGIN_MS, keyWindow / 2)) return undefined;
  return outcomeUnknown(command, "it got no answer for as long as the server remembers keys");
}

/** Gives up by a signal: `takeBack` what was not sent. What was stays where it is, since its lane goes on through it. */
export function heedSignal(signal: AbortSignal, entry: Entry, takeBack: () => void): void {
  const { resolve, reject } = entry;
  const onAbort = (): void => {
    if (entry.sends === 0) takeBack();
    else reject(outcomeUnknown(entry.command, "it was given up after it was sent"));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  entry.resolve = (answer) => {
    signal.removeEventListener("abort", onAbort);
    resolve(answer);
  };
  entry.reject = (reason) => {
    signal.removeEventListener("abort", onAbort);
    reject(reason);
  };
}
