/**
 * `npm run layers`: draws which folder of the package imports which, from the imports that are there (dependency-cruiser).
 * A folder stands above everything it imports; the number is how many imports make the arrow.
 */
import { cruise } from "dependency-cruiser";
import { script } from "./lib/phases.js";

const SRC = "packages/eitherway/src";

await script(async () => {
  const folders = await readFolders();
  const levels = [...folders.keys()].map((name) => ({ name, level: levelOf(name, folders) }));
  levels.sort((one, other) => other.level - one.level);
  let last = -1;
  for (const { name, level } of levels) {
    const { files, arrows } = /** @type {Folder} */ (folders.get(name));
    const to = [...arrows].map(([target, count]) => `${target} ${count}`).join(", ");
    if (last !== -1 && level !== last) console.log("    |");
    last = level;
    console.log(
      `${level}  ${name.padEnd(11)} ${String(files).padStart(3)} files  ${to ? `-> ${to}` : "imports nothing"}`,
    );
  }
});

/** @typedef {{ files: number, arrows: Map<string, number> }} Folder */

async function readFolders() {
  const { output } = await cruise([SRC], { tsPreCompilationDeps: true, doNotFollow: { path: "node_modules" } });
  if (typeof output === "string") throw new Error("dependency-cruiser gave text where a result was asked for");
  /** @type {Map<string, Folder>} */
  const folders = new Map();
  for (const { source, dependencies } of output.modules) {
    const name = folderOf(source);
    if (!name) continue;
    const folder = folders.get(name) ?? { files: 0, arrows: new Map() };
    folders.set(name, folder);
    folder.files++;
    for (const { resolved } of dependencies) {
      const target = folderOf(resolved);
      if (target && target !== name) folder.arrows.set(target, (folder.arrows.get(target) ?? 0) + 1);
    }
  }
  return folders;
}

/** @param {string} path */
function folderOf(path) {
  return path.startsWith(`${SRC}/`) ? path.slice(SRC.length + 1).split("/")[0] : undefined;
}

/**
 * One above the highest that it imports. A cycle of folders, which `npm run check` refuses, is cut where it closes.
 * @param {string} name
 * @param {Map<string, Folder>} folders
 * @param {readonly string[]} above
 * @returns {number}
 */
function levelOf(name, folders, above = []) {
  const below = [...(folders.get(name)?.arrows.keys() ?? [])].filter((target) => !above.includes(target));
  return Math.max(-1, ...below.map((target) => levelOf(target, folders, [...above, name]))) + 1;
}
