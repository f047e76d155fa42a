/** The server without a platform: options, access, routes, and how its parts are put together. */
export { type Amount, type Amounts, readAmount } from "./amounts.ts";
export type { Authenticate } from "./authenticator.ts";
export type { Authorize, ChannelWish, Wish } from "./authorizers.ts";
export { type BrokerOptions, readBrokerOptions } from "./broker-options.ts";
export type {
  Eitherway,
  EitherwayParts,
  PresenceList,
  PresentMember,
  PublishOptions,
  RevokeOptions,
} from "./eitherway.ts";
export { createEitherway } from "./eitherway.ts";
export type { Grant } from "./grant.ts";
export type { EitherwayOptions } from "./options.ts";
export { isProbe } from "./router.ts";
export type { StreamProducer } from "./stream-producer.ts";
export type { StreamOptions } from "./streams.ts";
export type { Target } from "./target.ts";
export { checkBasePath, DEFAULT_BASE_PATH, notHereAnswer, targetOf } from "./target.ts";
export type { TrustProxy } from "./trust-proxy.ts";
export { checkTrustProxy, forwarded } from "./trust-proxy.ts";
export type { CallHandlersOf, CallOf } from "./typed-channels.ts";
export type { TypedServer } from "./typed-server.ts";
export { withContract } from "./typed-server.ts";
