/** Builds what is out of date: the package with `tsc -b`, then the pages of the showcase with Vite. */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "./phases.js";
import { runTool } from "./process.js";
import { inRoot } from "./root.js";

const PACKAGE = inRoot("packages", "eitherway");
const SHOWCASE = inRoot("apps", "showcase");

/** What `npm start` runs. */
export const SHOWCASE_SERVER = join(SHOWCASE, "dist", "program", "server", "main.js");

export async function build() {
  await buildPackage();
  await buildShowcase();
}

export async function buildPackage() {
  removeOrphans();
  const { code, output } = await runTool("typescript", "tsc", ["-b", PACKAGE]);
  if (code !== 0) throw new Stop(`${output}\nThe package does not compile; the errors are above.`);
}

async function buildShowcase() {
  if (!existsSync(join(SHOWCASE, "vite.config.ts"))) return;
  // The pages are bundled from the built package, so what that is built from counts as well.
  const inputs = [
    SHOWCASE,
    ...["client", "contract", "instrument", "protocol", "react"].map((folder) => join(PACKAGE, "src", folder)),
    inRoot("package-lock.json"),
  ];
  const page = join(SHOWCASE, "dist", "pages", "start", "index.html");
  if (existsSync(page) && newest(inputs) < statSync(page).mtimeMs) return;
  rmSync(join(SHOWCASE, "dist"), { recursive: true, force: true });
  const server = await runTool("typescript", "tsc", ["-p", join(SHOWCASE, "tsconfig.server.json")]);
  if (server.code !== 0)
    throw new Stop(`${server.output}\nThe showcase's server does not compile; the errors are above.`);
  const { code, output } = await runTool("vite", "vite", ["build", SHOWCASE, "--logLevel", "warn"]);
  if (code !== 0) throw new Stop(`${output}\nThe showcase does not build; the errors are above.`);
}

/** `tsc -b` never deletes: what a deleted or renamed source left behind would be packed and imported. */
function removeOrphans() {
  const out = join(PACKAGE, "dist");
  if (!existsSync(out)) return;
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath.replace(out, join(PACKAGE, "src")), entry.name.replace(OUTPUT, ".ts"));
    if (entry.isFile() && OUTPUT.test(entry.name) && !existsSync(source)) rmSync(join(entry.parentPath, entry.name));
  }
}

const OUTPUT = /(?:\.d\.ts|\.js)(?:\.map)?$/;
const NOT_INPUT = new Set(["dist", "node_modules"]);

/**
 * The time of the newest file, in milliseconds.
 * @param {readonly string[]} paths
 * @returns {number}
 */
function newest(paths) {
  let time = 0;
  for (const path of paths) {
    const stat = statSync(path);
    const below = stat.isDirectory() ? readdirSync(path).filter((name) => !NOT_INPUT.has(name)) : [];
    // A folder's own time moves when a file in it is deleted, and also when `dist` appears beside the sources.
    const own = stat.isDirectory() ? 0 : stat.mtimeMs;
    time = Math.max(time, own, newest(below.map((name) => join(path, name))));
  }
  return time;
}
