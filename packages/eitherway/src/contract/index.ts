/** The contract: an application's channels, described once, typed and validated at both ends. */

export type { Got, Sent, Transformed } from "../client/typed/typed-api.ts";
export type * from "./channel-type.ts";
export { bytes, channel, latest, text, volatile } from "./channel-type.ts";
export type { ChannelTypes, Contract, HandlesOf } from "./contract.ts";
export { contract } from "./contract.ts";
export type { ParamsOf } from "./pattern.ts";
export type { AnySchema, InputOf, Issue, OutputOf, StandardSchema } from "./standard-schema.ts";
