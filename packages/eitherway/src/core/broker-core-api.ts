/** What every broker of one process is made of, and made with. Each call takes effect before it returns. */
import type {
  Batch,
  BrokerParts,
  BrokerSizes,
  Claim,
  ClaimRequest,
  Draft,
  Receipt,
  Settlement,
  Volatile,
} from "./broker.ts";
import type { KeyMemory } from "./key-memory.ts";
import type { LogBounds } from "./log.ts";
import type { ChannelRecord, KeptRecord, LogStore } from "./log-store.ts";
import type { MemoryPresence } from "./memory-presence.ts";
import type { MemoryStreams } from "./memory-streams.ts";
import type { Undo } from "./ports.ts";

export interface BrokerCoreOptions extends Omit<BrokerParts, "metrics" | "logger"> {
  readonly metrics: BrokerParts["metrics"] | undefined;
  readonly keys: KeyMemory;
  readonly store: LogStore;
}

export interface BrokerCore {
  publish(channel: string, drafts: readonly Draft[]): readonly Receipt[];
  announce(channel: string, announced: readonly Volatile[]): void;
  /** The record of a channel, without the entries that are too old. */
  find(channel: string): ChannelRecord | undefined;
  /** Whether there is something about the record that `find` would let go or end. */
  isDue(channel: string): boolean;
  /** @throws EitherwayError `too-many-channels` */
  watch(channel: string, sink: (batch: Batch) => void): Undo;
  claim(scope: string, key: string, request: ClaimRequest): Claim;
  settle(scope: string, key: string, settlement: Settlement): void;
  readonly streams: MemoryStreams<ChannelRecord>;
  readonly presence: MemoryPresence;
  /** What this channel's log may keep. */
  boundsOf(channel: string): LogBounds;
  /** Takes over what a store has kept; whatever else there was, is gone. Watchers stay. */
  restore(kept: readonly KeptRecord[]): void;
  keyWindow(): number;
  sizes(): BrokerSizes;
  close(): void;
}
