/** Hooks for React: `createHooks(client)`. */
export type { Gap, MessageMeta, Status } from "../client/client-api.ts";
export type { StreamChunk, StreamSnapshot, StreamState } from "../client/stream-content.ts";
export type { CallsView, OptimisticItem } from "./calls-store.ts";
export { createHooks } from "./create-hooks.ts";
export type { EventItem, EventsOptions, EventsView } from "./events-store.ts";
export type * from "./hooks-api.ts";
export type { LatestView } from "./latest-store.ts";
export type { Members } from "./presence-store.ts";
