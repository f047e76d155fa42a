/** The broker seam: where logs live and how a node hears of appends. */
import type { Cursor, EitherwayError, Epoch, ErrorCode, GapReason, Id, Message, Payload } from "../protocol/index.ts";
import type { ChannelRetention, Limits, Retention } from "./limits.ts";
import type { CommandKey, Position } from "./places.ts";
import type { Clock, Logger, Metrics, Random, Undo } from "./ports.ts";
import type { Presence } from "./presence.ts";
import type { Streams } from "./streams.ts";

export type { CommandKey, Position };

/** A message before it has an id. */
export interface Draft {
  readonly event: string;
  readonly payload: Payload;
  readonly from?: string;
  readonly key?: CommandKey;
  /** Entries of one collapse key replace each other for readers that are behind; trimming spares the newest. */
  readonly collapse?: string;
  /** Others of its collapse key that it stands for: their keys get its receipt, in the same step. */
  readonly replaced?: readonly Draft[];
}

/** A message for those who listen now. It is kept nowhere, so it has neither id nor key. */
export type Volatile = Pick<Draft, "event" | "payload" | "from">;

export type Receipt =
  | {
      readonly ok: true;
      readonly id: Id;
      /** The key was known: this is its first receipt. */
      readonly repeated: boolean;
    }
  | { readonly ok: false; readonly error: EitherwayError };

/** New entries of one channel as a watcher hears of them: contiguous, nothing skipped. Or what was announced there. */
export interface Batch {
  /** `undefined`: volatile messages, which are in no log; their seq and `skipped` are 0. */
  readonly epoch: Epoch | undefined;
  readonly messages: readonly Message[];
  /** Payload bytes of all messages: whoever stores them has counted already. */
  readonly bytes: number;
}

export interface PageLimit {
  readonly messages: number;
  /** Payload bytes of a page; its first message is in, whatever its size. */
  readonly bytes: number;
}

export type Page =
  /** There is no log of this name. */
  | { readonly kind: "none" }
  | {
      readonly kind: "messages";
      readonly epoch: Epoch;
      /**
       * In order. Empty at the head. Entries with a newer one of their collapse key are left out and declared; neighbouring
       * pieces of a stream are one, with the id of the newest, and the others declared. From `start` the first message may be any; such a page is over its limit where nothing could be read on from a smaller one,
       * namely among the entries of collapse keys that trimming spared.
       */
      readonly messages: readonly Message[];
      /** The newest entry of the log when the page was read. */
      readonly head: Position;
      /** The oldest entry kept, or the head of an empty log. */
      readonly oldest: Position;
    }
  | {
      readonly kind: "gap";
      readonly why: GapReason;
      readonly oldest: Position;
      readonly head: Position;
      /**
       * The newest entry of each collapse key up to the head, in order, but for those at or before the cursor; at most
       * `limits.latestKeys`, and bytes of the log's retention: the oldest are left out first.
       */
      readonly latest: readonly Message[];
    };

/** A page backwards in time, for history. */
export interface BeforePage {
  readonly epoch: Epoch;
  /** In order of seq, nothing collapsed; the last one is just before the asked id. Empty for an id of another epoch. */
  readonly messages: readonly Message[];
  readonly head: Position;
  readonly oldest: Position;
}

/** What is to be run once. */
export interface ClaimRequest {
  /** Fingerprint of its body: another body under the same key is `reused`. */
  readonly print: number;
  /** Milliseconds for which the right to run it lasts. */
  readonly leaseMs: number;
  /** It does no harm to run it again where nobody knows what came of it: `new` instead of `lapsed`. */
  readonly repeatable: boolean;
}

export type Claim =
  /** It is yours to run, and to settle. */
  | { readonly state: "new" }
  /** Somebody runs it. */
  | { readonly state: "running" }
  /** Somebody had the right to run it, and the lease ended without an answer: whether it was done cannot be known. */
  | { readonly state: "lapsed" }
  | { readonly state: "reused" }
  | { readonly state: "settled"; readonly settlement: Settlement };

/** What came of something that ran once. Data only, so that any store can keep it. */
export type Settlement =
  | { readonly ok: true; readonly answer: Payload | undefined }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      /** JSON text. */
      readonly details?: string | undefined;
    };

export interface Broker {
  /**
   * Appends in order. Append, key and announcement are one atomic step per draft (P4, P5): when a receipt is there, the
   * entry is readable and its watchers will hear of it. Calls for one channel take effect in the order of the calls.
   * A draft that fails for good gets its own error and the next one is tried; after a draft that fails retryably the rest of
   * the call fails alike and nothing of it is applied, so that order holds when the sender tries again.
   * Of a collapse key the newest command of each client counts: one below it that was not appended has been replaced, and gets the
   * receipt of the newest one instead of `outcome-unknown`.
   */
  publish(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]>;

  /**
   * Tells those who watch now, and keeps nothing: no log is created, and a watcher may miss it, but hears it at most once. Announcements
   * and appends of one caller are heard in the order of the calls (P1).
   */
  announce(channel: string, messages: readonly Volatile[]): Promise<void>;

  /** What comes after `after`, or the gap that is there instead. Never creates a log. */
  read(channel: string, after: Cursor, limit: PageLimit): Promise<Page>;

  /** The last messages before an id (`undefined`: before the end), for history; `undefined` where there is no log. */
  readBefore(channel: string, before: Id | undefined, limit: PageLimit): Promise<BeforePage | undefined>;

  /**
   * Creates the log if there is none and resolves once live: every append after that reaches `sink`, in the same turn or
   * later. Batches may repeat or be missing; the cursor repairs both by `read` (P2). A batch without messages says that the log has this
   * epoch now: who stands in another one has lost something.
   */
  watch(channel: string, sink: (batch: Batch) => void): Promise<Undo>;

  /**
   * Takes the right to run something once (P5), in one atomic step. A key is remembered for the key window after its lease or,
   * where it was settled, after that.
   */
  claim(scope: string, key: string, request: ClaimRequest): Promise<Claim>;

  /** Stores what came of a claim: later claims of the same key get it. The first settlement stays, whoever comes later. */
  settle(scope: string, key: string, settlement: Settlement): Promise<void>;

  /**
   * Where watchers are told by a way of its own, which can break while calls go well: takes that way anew, and tells each watcher what it may have
   * missed, or the newest of that alone, as a hole makes it read. A node asks when its canary is not heard (P11), one call at a time; a
   * broker without it has no such way, and no canary.
   */
  reread?(): Promise<void>;

  /** Where the store can keep streams. */
  readonly streams?: Streams | undefined;

  /** Who is in a channel, where this store can keep it. */
  readonly presence?: Presence;

  /**
   * Milliseconds for which a repeated key gets its first receipt, as of now: the configured window, or less where `limits.keys`
   * made younger keys go. A command that is resent within it is never applied twice (P5).
   */
  keyWindow(): number;

  /** Current sizes, for `stats()` and tests of P6. */
  sizes(): BrokerSizes;

  close(): Promise<void>;
}

/** What a server gives the broker that it has made for it. */
export interface BrokerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly retention: Retention;
  /** `undefined`: all channels keep alike. */
  readonly channelRetention: ChannelRetention | undefined;
  /** For how long a repeated key gets its first receipt, milliseconds. */
  readonly keyWindowMs: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Makes the broker of one server, which closes it. */
export type CreateBroker = (parts: BrokerParts) => Broker;

export interface BrokerSizes {
  /** Log records, also empty ones. */
  readonly channels: number;
  /** Bytes of all entries and of all who are present, payload and overhead, and of the end that each open stream has yet to get. */
  readonly logBytes: number;
  /** Remembered receipts of keys, and claims; a long answer of a claim counts for several. */
  readonly keys: number;
}
