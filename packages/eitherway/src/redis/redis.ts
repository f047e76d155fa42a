/** `broker: redis(url)`: logs in Redis, for servers of any number. */
import { type CreateBroker, checkOptionNames } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import type { ClientOptions } from "./clients.ts";
import { createKeyNames, DEFAULT_PREFIX } from "./key-names.ts";
import { createRedisBroker } from "./redis-broker.ts";
import { parseRedisUrl } from "./redis-url.ts";

export interface RedisOptions {
  /** Before every key and channel in Redis: servers of one prefix are one system. Default: `ew:`. No braces. */
  readonly prefix?: string;
  /**
   * When an append is acknowledged: `"master"` (default) when the master has it, so that a failover may lose it, which subscribers then are
   * told by a gap; `"replicated"` when a replica has it as well. What no replica has within a second is `outcome-unknown`.
   */
  readonly durability?: "master" | "replicated";
  /** Options of the connections, as `ioredis` has them: `tls`, `family`, `connectionName`, … */
  readonly client?: ClientOptions;
}

/**
 * Where Redis (7.0 or newer) is: `redis://user:password@host:6379/0`, `redis+sentinel://host1,host2,host3/master` or
 * `redis+cluster://host1,host2`; `rediss` speaks TLS. Needs the package `ioredis`.
 *
 * @throws EitherwayError `bad-request` for a URL or an option that cannot be
 *
 * @example
 * const ew = eitherway(app, { broker: redis("redis://127.0.0.1:6379") });
 */
export function redis(url: string, options: RedisOptions = {}): CreateBroker {
  const place = parseRedisUrl(url);
  checkOptionNames(options, ["prefix", "durability", "client"], "option of redis()");
  const { prefix = DEFAULT_PREFIX, durability = "master", client = {} } = options;
  createKeyNames(prefix); // says no now, not at the first message
  if (durability !== "master" && durability !== "replicated") {
    throw new EitherwayError("bad-request", `durability is ${String(durability)}; give "master" or "replicated".`);
  }
  const replicas = durability === "replicated" ? 1 : 0;
  return (parts) => createRedisBroker({ ...parts, place, client, prefix, replicas });
}
