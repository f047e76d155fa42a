/**
 * The seam between an outbox and what keeps its commands over reloads: nothing is sent of which the disk does not say before that
 * it may have been, so that a later page knows what it may send and what it must not (P5).
 */
import type { EitherwayError, Id, Payload, PublishFrame } from "../../protocol/index.ts";
import type { Entry } from "../outbox-entry.ts";
import type { ClientClock } from "../ports.ts";

/** What `openOutbox()` of `eitherway/client/outbox` gives; one client takes it over, and closes it with itself. */
export interface OutboxStore {
  /** The client id of all keys in here. Keys count with the id of their hello only, so the client takes this one (PROTOCOL K4). */
  readonly clientId: string;
  /** Keeps what is in this outbox, which takes the store over. Throws `bad-request` where another client has it. */
  keep(outbox: KeptOutbox, options: KeepOptions): OutboxKeeper;
  /** Looks for what closed tabs left, and has it sent. */
  tend?(tending: Tending): Tender;
  /** Only where no client took it over. What is in it stays for the next page. */
  close(): Promise<void>;
}

/** The outbox as whoever keeps it sees it. */
export interface KeptOutbox {
  /** Takes in what an earlier page left. */
  restore(entry: Omit<Entry, "lane">): void;
  /** What has no answer, in the order of publishing. */
  entries(): readonly Entry[];
  giveUp(entry: Entry, reason: unknown): void;
  /** Sends what may be sent by now. */
  pump(): void;
}

export interface KeepOptions {
  readonly clock: ClientClock;
  /** What an earlier page left in the store has its outcome. */
  outcome(outcome: Outcome): void;
  /** The store failed; from now on commands end with the page. */
  broken(error: EitherwayError): void;
}

/** A command as it is kept. */
export interface KeptCommand {
  /** Its place in the order of publishing; grows, also over reloads. */
  readonly counter: number;
  readonly frame: PublishFrame;
  /** Wall clock before it first went out; `undefined`: it never did. */
  readonly sentAt: number | undefined;
}

/** Brings the disk to where the outbox wants it, one transaction at a time. Its methods never throw; failures are events. */
export interface Keeper {
  /** What an earlier page left, in order. */
  readonly left: readonly KeptCommand[];
  /** Greater than every one before, also of earlier pages. */
  nextCounter(): number;
  /** A new command. */
  add(counter: number, frame: PublishFrame): void;
  /** It is about to go out. `maySend` holds once that is on disk; `written` tells. */
  mark(counter: number, wall: number): void;
  /** It did not go out after all, or was not applied. */
  unmark(counter: number): void;
  maySend(counter: number): boolean;
  /** It has its outcome. */
  remove(counter: number): void;
  /** Resolves once the disk is where it should be, or has failed. */
  settled(): Promise<void>;
  /** Writes what is to be written, then lets the store go. No event comes after the call. */
  close(): Promise<void>;
}

/** The keeper as the outbox sees it. */
export interface OutboxKeeper extends Pick<Keeper, "nextCounter" | "add" | "remove" | "settled" | "close"> {
  /** These are next to go out. Whether the first of them has to wait until the disk says that it may have: then `pump` is called. */
  holds(next: readonly Entry[]): boolean;
  /** Nothing of these goes out for a while: of what was not sent the disk must not say that it may have been. */
  rest(entries: readonly Entry[]): void;
}

export interface KeeperEvents {
  /** The disk caught up: more may be sent. */
  written(): void;
  /** These are not on disk, and nothing of them was sent. */
  refused(counters: readonly number[], error: EitherwayError): void;
  /**
   * The disk fails, and the keeper does nothing any more. `stuck` are on disk as never sent, which cannot be changed: a later page
   * may send them.
   */
  broken(error: EitherwayError, stuck: readonly number[]): void;
}

export interface Tending {
  readonly clock: ClientClock;
  /** Sends what is in the store under its client id; `told` hears how much has no answer, whenever that changes. */
  open(store: OutboxStore, told: (unanswered: number) => void): Sender;
  /** The tender's `size` has. */
  changed(): void;
}

export interface Sender {
  pending(): readonly PendingPublish[];
  /** Closes its store as well. */
  close(): Promise<void>;
}

export interface Tender {
  /** What is being sent for others. */
  pending(): readonly PendingPublish[];
  /** How much that is. */
  readonly size: number;
  /** What is not done stays in its store. */
  close(): Promise<void>;
}

/** A publish without an outcome. */
export interface PendingPublish {
  readonly channel: string;
  readonly key: string;
  readonly event: string;
  readonly kind: Payload["kind"];
  /** As it was published. */
  readonly data: unknown;
  /** An earlier page or another tab published it; its outcome comes as `outcome`. */
  readonly restored: boolean;
  /** It went out, and may be stored. */
  readonly sent: boolean;
}

/** `id`: it is stored. `error`: it is not, or, as `outcome-unknown`, nobody can tell. */
export type Outcome = PendingPublish &
  ({ readonly id: Id; readonly error?: undefined } | { readonly error: EitherwayError; readonly id?: undefined });
