/** What a Redis has to be like, as far as it tells. What is otherwise is said and endured: it may be shared, and not ours to set. */

/** Scripts and sharded pub/sub are written for it; what else speaks the protocol (Valkey) calls itself newer. */
const OLDEST_MAJOR = 7;

/**
 * @param info what `INFO server` and `INFO memory` answer
 * @returns what is wrong, each in a sentence
 */
export function shortcomingsIn(info: string): readonly string[] {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const found: string[] = [];
  const version = field("redis_version");
  if (version !== undefined && Number.parseInt(version, 10) < OLDEST_MAJOR) {
    found.push(`Redis ${version} lacks commands that are needed; install ${OLDEST_MAJOR}.0 or newer.`);
  }
  const policy = field("maxmemory_policy");
  if (field("maxmemory") !== "0" && policy !== undefined && policy !== "noeviction") {
    found.push(`Redis may evict what was acknowledged (maxmemory-policy ${policy}), which is a gap; set noeviction.`);
  }
  return found;
}
