/** The pure server core: logs, brokers, subscriptions, sessions, the hub. No platform name compiles here. */

export { answerFrame, errorFields } from "./answer-frame.ts";
export type * from "./audit.ts";
export { createAudit } from "./audit.ts";
export type * from "./authority.ts";
export { ACTIONS, permit } from "./authority.ts";
export type * from "./broker.ts";
export type * from "./call-handlers.ts";
export { causeOf } from "./cause-of.ts";
export { createCounters } from "./counters.ts";
export { fingerprint } from "./fingerprint.ts";
export { createHub } from "./hub.ts";
export type * from "./hub-api.ts";
export { joinPieces } from "./join-pieces.ts";
export { keyName, keyReused, outcomeUnknown } from "./key-memory.ts";
export type { ChannelRetention, Limits, Retention } from "./limits.ts";
export {
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_PING_MS,
  DEFAULT_PRESENCE_LEASE_MS,
  DEFAULT_RETENTION,
  withDefaults,
} from "./limits.ts";
export type * from "./link.ts";
export type { MemoryBrokerOptions } from "./memory-broker.ts";
export { createMemoryBroker } from "./memory-broker.ts";
export { createNews } from "./news.ts";
export { checkOptionNames } from "./option-names.ts";
export type * from "./ports.ts";
export type * from "./presence.ts";
export type { RevocationOrder } from "./revocations.ts";
export { CONTROL_BOUNDS, CONTROL_LOG } from "./revocations.ts";
export type * from "./rules.ts";
export { createSafeLogger } from "./safe-logger.ts";
export type * from "./seats.ts";
export type { Watched } from "./spread.ts";
export { addWatcher, createSpread, dismissWatchers } from "./spread.ts";
export { tooManyMembers } from "./storage-errors.ts";
export { endingDraft, PRODUCER_LOST, pieceDraft } from "./stream-drafts.ts";
export { streamOpen, streamOver, streamTooLarge } from "./stream-errors.ts";
export type * from "./streams.ts";
export type { WheelTask } from "./timer-wheel.ts";
export { createTimerWheel } from "./timer-wheel.ts";
export { withoutToken } from "./without-token.ts";
