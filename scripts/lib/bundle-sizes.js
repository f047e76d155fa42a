/** What browsers load of the client: the programs of `examples/bundle-*`, bundled as applications bundle them. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { inRoot, ROOT } from "./root.js";

/**
 * @typedef {object} Budget
 * @property {string} name a program: its path below `examples`
 * @property {string} what
 * @property {number} bytes most that it may be, minified and gzipped
 * @property {number} [goal] what it shall come down to
 * @property {string} [beyond] another program: only what there is beyond that one counts
 *
 * @typedef {object} Size
 * @property {number} minified bytes
 * @property {number} gzipped bytes
 * @property {readonly { readonly file: string, readonly bytes: number }[]} parts what is left of each file, minified; largest first
 */

/** What is reached, and at most 3 % for repairs: whatever is added beyond has to earn its bytes. @type {readonly Budget[]} */
export const BUDGETS = [
  { name: "bundle-websocket/main", what: "core and WebSocket", bytes: 12_970, goal: 5_000 },
  { name: "bundle-all/main", what: "all transports", bytes: 18_900, goal: 9_000 },
  {
    name: "bundle-typed/main",
    what: "the client of a contract, beside those",
    bytes: 2_470,
    beyond: "bundle-all/main",
  },
  { name: "bundle-stream/main", what: "reading streams, beside those", bytes: 1_290, beyond: "bundle-all/main" },
  { name: "bundle-outbox/main", what: "the outbox store, beside those", bytes: 3_050, beyond: "bundle-all/main" },
  { name: "bundle-tabs/main", what: "shared tabs, beside those", bytes: 4_180, beyond: "bundle-all/main" },
  { name: "bundle-tabs/worker", what: "the worker of shared tabs", bytes: 13_880 },
];

const GZIP_LEVEL = 9; // what a server does once for a file that it sends for years
const OUT = "out"; // nothing is written there

/**
 * @param {string} name
 * @returns {Promise<Size>}
 */
export async function measureBundle(name) {
  const { outputFiles, metafile } = await build({
    entryPoints: [inRoot("examples", `${name}.js`)],
    entryNames: "[name]",
    absWorkingDir: ROOT,
    alias: sourcesByImport(),
    bundle: true,
    minify: true,
    splitting: true, // what is imported later is no part of what is loaded first
    format: "esm",
    target: "es2022",
    outdir: OUT,
    metafile: true,
    write: false,
    logLevel: "silent", // errors are thrown as well
  });
  const entry = Object.keys(metafile.outputs).find((path) =>
    metafile.outputs[path]?.entryPoint?.endsWith(`${name}.js`),
  );
  const loaded = loadedWith(entry ?? "", metafile.outputs);
  const files = outputFiles.filter(({ path }) => loaded.some((output) => path.endsWith(output)));
  const inputs = loaded.flatMap((output) => Object.entries(metafile.outputs[output]?.inputs ?? {}));
  return {
    minified: sum(files.map(({ contents }) => contents.length)),
    gzipped: sum(files.map(({ contents }) => gzipSync(contents, { level: GZIP_LEVEL }).length)),
    parts: inputs
      .map(([path, { bytesInOutput }]) => ({ file: path, bytes: bytesInOutput }))
      .filter(({ bytes }) => bytes > 0)
      .sort((one, other) => other.bytes - one.bytes),
  };
}

/**
 * A file and all that it imports at its start.
 * @param {string} path
 * @param {import("esbuild").Metafile["outputs"]} outputs
 * @returns {readonly string[]}
 */
function loadedWith(path, outputs) {
  const below = outputs[path]?.imports.filter(({ kind, external }) => kind === "import-statement" && !external) ?? [];
  return [...new Set([path, ...below.flatMap((imported) => loadedWith(imported.path, outputs))])];
}

/**
 * The exports map for browsers, led back to the sources: they give the same bundle and need no build.
 * @returns {Record<string, string>}
 */
function sourcesByImport() {
  /** @type {{ name: string, exports: Record<string, string | { default: string }> }} */
  const { name, exports } = JSON.parse(readFileSync(inRoot("packages", "eitherway", "package.json"), "utf8"));
  return Object.fromEntries(
    Object.entries(exports).flatMap(([path, target]) => {
      if (typeof target === "string" || path === ".") return []; // an alias of the root would catch every path below it
      const source = target.default.replace(/^\.\/dist\//, "src/").replace(/\.js$/, ".ts");
      return [[path.replace(".", name), inRoot("packages", "eitherway", source)]];
    }),
  );
}

/** @param {readonly number[]} counts */
function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}
