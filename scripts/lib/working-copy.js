/** Copies of the tree in which files may be broken on purpose. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { inRoot, ROOT } from "./root.js";

const NOT_COPIED = new Set([".git", ".cache", "node_modules", "coverage"]);

/** Makes a copy of the tree as it is, built or not, that shares the installed packages, except our own: those are the copy's. */
export function createWorkingCopy() {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-copy-"));
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !NOT_COPIED.has(basename(path)) });
  linkPackages(inRoot("node_modules"), join(folder, "node_modules"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * One link per package: relative links, which npm makes for workspaces, then lead into the copy.
 * @param {string} from
 * @param {string} to
 */
function linkPackages(from, to) {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.name.startsWith("@")) linkPackages(source, target);
    else if (entry.isSymbolicLink()) cpSync(source, target, { verbatimSymlinks: true });
    else if (entry.isDirectory() && !entry.name.startsWith(".vite")) symlinkSync(source, target);
  }
}
