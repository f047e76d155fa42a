/** The file of one run: written anew after each round, so that what was measured is never lost. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { BENCH } from "./npm-peer.js";
import { isPinned } from "./run-cell.js";

/** @typedef {import("./types.js").Results} Results */

const FOLDER = join(BENCH, "results");

/** @returns {Results} */
export function createResults() {
  const all = cpus();
  return {
    machine: {
      cpu: all[0]?.model ?? "unknown",
      cores: all.length,
      memory: totalmem(),
      kernel: release(),
      node: process.version,
      os: type(),
      pinned: isPinned,
    },
    startedAt: new Date().toISOString(),
    peers: {},
    cells: [],
  };
}

/** @param {Results} results @returns {string} where it was written */
export function writeResults(results) {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${results.startedAt.slice(0, 19).replaceAll(":", "-")}.json`);
  writeFileSync(`${file}.new`, `${JSON.stringify(results, undefined, 1)}\n`);
  renameSync(`${file}.new`, file); // never half a file
  return file;
}

/** What the last run has measured, to go on with it. @returns {Results | undefined} */
export function newestResults() {
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => /^\d.*\.json$/.test(name)) : [];
  const newest = files.sort().at(-1); // names are times
  return newest === undefined ? undefined : JSON.parse(readFileSync(join(FOLDER, newest), "utf8"));
}
