/** The scripts that run inside Redis. They lie beside this file as `.lua`, and are shipped with the sources. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface Script {
  readonly source: string;
  /** By which Redis knows it once it has run there. */
  readonly sha: string;
}

/** From `src` and from `dist` alike, the sources are at this place. */
const FOLDER = new URL("../../src/redis/lua/", import.meta.url);

/**
 * @param names files without `.lua`, in the order in which they make one script: what is shared comes first
 *
 * @example
 * const PUBLISH = loadScript("log", "publish");
 */
export function loadScript(...names: readonly string[]): Script {
  const source = names.map((name) => readFileSync(new URL(`${name}.lua`, FOLDER), "utf8")).join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}
