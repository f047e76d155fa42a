/** Eitherway on any host that speaks web-standard requests and responses: nothing of Node. */
import { isContract } from "../contract/contract.ts";
import type { ChannelTypes, Contract } from "../contract/index.ts";
import { type TypedServer, withContract } from "../server/index.ts";
import { createHost, type FetchEitherway, type FetchEitherwayOptions } from "./host.ts";
import { createHostClock } from "./host-clock.ts";
import { createLogger } from "./logger.ts";

/** A server with a contract: `publish` takes the names of the contract in place of those of the wire, `channel` its handlers. */
export interface TypedFetchEitherway<Channels>
  extends Omit<FetchEitherway, keyof TypedServer<Channels>>,
    TypedServer<Channels> {}

/**
 * Links live in this process and, where no `broker` is given, logs as well, bounded by `retention` and `limits`: a host that runs a new process
 * for each request has neither.
 *
 * @throws EitherwayError `bad-request` for an option that is unknown or has a value that makes no sense
 * @example
 * const ew = eitherway();
 * Bun.serve({ idleTimeout: 0, fetch: (request) => ew.fetch(request) });
 * // with a contract: eitherway(app, options), and ew.publish("room", { id: "42" }, "message", { text: "hi" })
 */
export function eitherway<Channels extends ChannelTypes>(
  app: Contract<Channels>,
  options?: FetchEitherwayOptions,
): TypedFetchEitherway<Channels>;
export function eitherway(options?: FetchEitherwayOptions): FetchEitherway;
export function eitherway<Channels extends ChannelTypes>(
  first: Contract<Channels> | FetchEitherwayOptions = {},
  second: FetchEitherwayOptions = {},
): TypedFetchEitherway<Channels> | FetchEitherway {
  const platform = { clock: createHostClock(), createLogger };
  if (!isContract(first)) return createHost(platform, first, undefined).server;
  const { server, parts } = createHost(platform, second, first);
  return withContract<Channels, FetchEitherway>(first, server, parts);
}
