/** What the adapters of peers have in common that npm brings into this folder and that Node runs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the benchmark. */
export const BENCH = fileURLToPath(new URL("..", import.meta.url));

/**
 * @param {string} name a package of bench/package.json
 * @returns {Pick<import("./types.js").Peer, "version" | "missing">}
 */
export function npmPackage(name) {
  const file = join(BENCH, "node_modules", name, "package.json");
  return {
    version: async () => JSON.parse(readFileSync(file, "utf8")).version,
    missing: async () => (existsSync(file) ? undefined : `${name} is not installed; npm ci in bench/ brings it`),
  };
}

/**
 * A server program of peers/servers on this Node.
 * @param {string} name of the file, without its ending
 * @param {object} [settings] more for the program
 * @returns {import("./types.js").Peer["command"]}
 */
export function nodeServer(name, settings = {}) {
  return (options) => ({
    program: process.execPath,
    args: ["--expose-gc", serverFile(name), JSON.stringify({ ...options, ...settings })],
    env: { NODE_ENV: "production" },
  });
}

/** @param {string} name */
export function serverFile(name) {
  return join(BENCH, "peers", "servers", `${name}.js`);
}
