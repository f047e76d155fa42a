/** Eitherway behind `fetch`: web-standard requests in, responses out. */
export type {
  AuditClosing,
  AuditEntry,
  AuditRefusal,
  AuditRevocation,
  AuditSink,
  AuditSuppression,
  Broker,
  HubStats,
  Limits,
  Logger,
  Retention,
} from "../core/index.ts";
export type { ErrorCode, Id } from "../protocol/index.ts";
export { EitherwayError, isEitherwayError } from "../protocol/index.ts";
export type {
  Amount,
  Amounts,
  Authenticate,
  Authorize,
  Grant,
  PublishOptions,
  RevokeOptions,
  TrustProxy,
  Wish,
} from "../server/index.ts";
export type { TypedFetchEitherway } from "./eitherway.ts";
export { eitherway } from "./eitherway.ts";
export type { FetchHandler } from "./fetch-handler.ts";
export type { FetchEitherway, FetchEitherwayOptions } from "./host.ts";
export type { LineOptions, LoggerOptions, LogLevel, PinoLike, PinoOfYours } from "./logger.ts";
export { createLogger, LOG_LEVELS } from "./logger.ts";
