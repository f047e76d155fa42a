/** A server behind `fetch`, as every host has it: a host with sockets of its own adds to it. */
import type { ChannelTypes, Contract } from "../contract/index.ts";
import { type Clock, createSafeLogger, type Limits, type Logger, type Metrics } from "../core/index.ts";
import {
  checkBasePath,
  checkTrustProxy,
  createEitherway,
  DEFAULT_BASE_PATH,
  type Eitherway,
  type EitherwayOptions,
  type EitherwayParts,
  type TrustProxy,
} from "../server/index.ts";
import { createFetchHandler, type FetchHandler } from "./fetch-handler.ts";

export interface FetchEitherwayOptions extends EitherwayOptions {
  /** Below which path the doors are. Default: `/eitherway`. Empty: everything is ours. */
  readonly basePath?: string | undefined;
  /** How many proxies in front of this server are trusted to tell the client's address and scheme. Default: `false`, none. */
  readonly trustProxy?: TrustProxy | undefined;
  /** Default: one JSON object a line on standard error. */
  readonly logger?: Logger | undefined;
}

export interface FetchEitherway extends Eitherway {
  /**
   * Answers a web-standard request below the base path, for hosts that speak `fetch` (Hono, Next.js, Bun, Deno): event streams,
   * long-poll and the plain HTTP doors. There is no WebSocket here; a client that finds none goes on to SSE.
   *
   * @example
   * export const { fetch: GET, fetch: POST, fetch: DELETE, fetch: OPTIONS } = eitherway();
   */
  readonly fetch: FetchHandler;
}

/** A server, and what more doors to it are made of. */
export interface Host {
  readonly server: FetchEitherway;
  readonly parts: EitherwayParts;
  readonly settings: HostSettings;
}

export interface HostPlatform {
  readonly clock: Clock;
  /** Of servers that are given none. */
  createLogger(): Logger;
}

export interface HostSettings {
  readonly basePath: string;
  readonly trustProxy: TrustProxy;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** @throws EitherwayError `bad-request` for an option that is unknown or has a value that makes no sense */
export function createHost(
  { clock, createLogger }: HostPlatform,
  options: FetchEitherwayOptions,
  app: Contract<ChannelTypes> | undefined,
): Host {
  const { basePath = DEFAULT_BASE_PATH, trustProxy = false, logger: given = createLogger(), ...rest } = options;
  const logger = createSafeLogger(given);
  checkBasePath(basePath);
  checkTrustProxy(trustProxy);
  const optionNames = ["basePath", "trustProxy", "logger"];
  const parts = createEitherway({ clock, random: Math.random, logger, optionNames }, rest, app);
  const settings: HostSettings = { basePath, trustProxy, limits: parts.limits, clock, logger, metrics: parts.metrics };
  return { server: { ...parts.eitherway, fetch: createFetchHandler(parts.handler, settings) }, parts, settings };
}
