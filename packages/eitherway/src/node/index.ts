/** Eitherway on Node: the server, and the parts that it is made of. */
export type {
  AuditClosing,
  AuditEntry,
  AuditRefusal,
  AuditRevocation,
  AuditSink,
  AuditSuppression,
  Broker,
  BrokerParts,
  BrokerSizes,
  CreateBroker,
  HubStats,
  Limits,
  Logger,
  Retention,
  Undo,
} from "../core/index.ts";
export { DEFAULT_LIMITS, DEFAULT_RETENTION } from "../core/index.ts";
export type { LineOptions, LoggerOptions, LogLevel, PinoLike, PinoOfYours } from "../fetch/index.ts";
export { LOG_LEVELS } from "../fetch/index.ts";
export type { ErrorCode, Id } from "../protocol/index.ts";
export { EitherwayError, isEitherwayError } from "../protocol/index.ts";
export type {
  Amount,
  Amounts,
  Authenticate,
  Authorize,
  CallHandlersOf,
  CallOf,
  ChannelWish,
  Grant,
  PresenceList,
  PresentMember,
  PublishOptions,
  RevokeOptions,
  StreamOptions,
  StreamProducer,
  TrustProxy,
  Wish,
} from "../server/index.ts";
export type { AttachOptions, NodeServer } from "./attach.ts";
export { attach } from "./attach.ts";
export type { NodeEitherway, NodeEitherwayOptions, TypedNodeEitherway } from "./eitherway.ts";
export { eitherway } from "./eitherway.ts";
export type { ListenOptions } from "./listen.ts";
export { createLogger } from "./logger.ts";
export { createNodeClock } from "./node-clock.ts";
export type { NodeServerOptions } from "./node-server.ts";
export { createNodeServer } from "./node-server.ts";
export type { Certificate } from "./self-signed.ts";
export { createSelfSignedCertificate } from "./self-signed.ts";
