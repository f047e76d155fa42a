/** Where things lie in this clone. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the clone. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Made by scripts, ignored by git, safe to delete. */
export const CACHE = join(ROOT, ".cache");

/**
 * A path inside the clone.
 * @param {string[]} parts
 */
export function inRoot(...parts) {
  return join(ROOT, ...parts);
}
