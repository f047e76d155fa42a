/** The files of the project: what a person wrote, not what was installed or built. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { ROOT } from "./root.js";

const NOT_OURS = new Set([".git", ".cache", "node_modules", "dist", "coverage", "tmp"]);
const BINARY = /\.(?:png|jpe?g|gif|ico|woff2?|pem|p12|tgz)$/;

/** Paths from the clone, with `/`, sorted. */
export function sourceFiles() {
  /** @type {string[]} */
  const found = [];
  /** @param {string} folder */
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && !BINARY.test(entry.name)) found.push(relative(ROOT, path).replaceAll(sep, "/"));
    }
  };
  walk(ROOT);
  return found.sort();
}

/** @param {string} path */
export function readSource(path) {
  return readFileSync(join(ROOT, path), "utf8");
}
