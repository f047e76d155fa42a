/** `eitherway/redis`: one system over many servers. */
export type { ClientOptions } from "./clients.ts";
export type { RedisOptions } from "./redis.ts";
export { redis } from "./redis.ts";
