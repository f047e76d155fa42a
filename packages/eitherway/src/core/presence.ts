/** The presence seam: who is in a channel. An ability of the store where logs live, so that a change and the message that tells it are one. */
import type { Member } from "../protocol/index.ts";
import type { CommandKey, Position } from "./places.ts";

/** Whose entry it is, and which of the member's clients holds it. */
export interface PresenceClaim {
  /** User id, or client id of somebody without one. */
  readonly member: string;
  /** One client of that member. Its lease holds every entry that it has claimed, in all channels. */
  readonly holder: string;
  /** A command that was applied before changes nothing, but renews the lease (P5). */
  readonly key?: CommandKey | undefined;
}

export interface PresenceEntry extends PresenceClaim {
  /** JSON text. The last one that any of the member's clients set is the member's. */
  readonly state: string;
}

/** Who is in a channel, as of a place in its log of joins and leaves: exactly what the messages up to there make. */
export interface Members {
  /** In the order of joining. */
  readonly members: readonly Member[];
  /** `undefined` where there is no log: nobody has ever been here, or not for long. */
  readonly at: Position | undefined;
}

/**
 * A member is in a channel while at least one of its clients holds it. Joins, updates and leaves are messages of the log
 * `@presence/<channel>`, once each, in one order on every node (P8); their data is `{"member", "state"}`, of a leave
 * `{"member"}`. Beyond `limits.presenceDiffs` in a second they are gathered: the newest state of each member is told
 * later, and who came and went meanwhile is not mentioned.
 */
export interface Presence {
  /**
   * Enters the channel, or changes the state there, and renews the holder's lease. The same state again tells nobody.
   * Rejects with `too-many-members`, `too-many-channels`, `storage-full`, `key-reused` or `outcome-unknown`, and then has done nothing.
   */
  touch(channel: string, entry: PresenceEntry, leaseMs: number): Promise<void>;

  /** Lets go; with its last holder the member leaves. Nothing happens where the holder holds nothing. */
  leave(channel: string, claim: PresenceClaim): Promise<void>;

  list(channel: string): Promise<Members>;

  /** Those of the holders that hold anything go on doing so for `leaseMs`. A lease that ends is a leave in every channel. */
  renew(holders: readonly string[], leaseMs: number): Promise<void>;
}
