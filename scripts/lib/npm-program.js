/** Programs that npm brings as packages into .cache: what tests run on, and no user installs. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "./phases.js";
import { run, runNpm } from "./process.js";
import { CACHE } from "./root.js";

/**
 * Installs a package, unless its program is there already.
 * @param {object} wanted
 * @param {string} wanted.name of the folder in .cache
 * @param {string} wanted.spec as npm knows it: `node@22`
 * @param {readonly string[]} [wanted.args] more for npm
 * @param {(packages: string) => string | undefined} wanted.find the program in a folder of packages
 * @param {(version: string) => boolean} wanted.fits by what `--version` says
 * @returns {Promise<string>} the program
 */
export async function bringProgram({ name, spec, args = [], find, fits }) {
  const folder = join(CACHE, name);
  const packages = join(folder, "node_modules");
  const here = async () => {
    const program = existsSync(packages) ? find(packages) : undefined;
    if (program === undefined) return undefined;
    const { code, stdout } = await run(program, ["--version"]);
    return code === 0 && fits(stdout) ? program : undefined;
  };
  const before = await here();
  if (before !== undefined) return before;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n'); // else npm climbs to the clone's own
  const { output } = await runNpm(["install", "--no-audit", "--no-fund", ...args, spec], { cwd: folder });
  const after = await here();
  if (after !== undefined) return after;
  throw new Stop(`${output}\nnpm did not bring ${spec} to .cache; its own words are above.`);
}

/** Runtimes whose packages have one package a platform, in a scope of their own, with the program inside. */
const RUNTIMES = {
  bun: { major: 1, scope: "@oven", path: ["bin", "bun"] },
  deno: { major: 2, scope: "@deno", path: ["deno"] },
};

export const RUNTIME_NAMES = Object.keys(RUNTIMES);

/** @param {string} name */
export function bringRuntime(name) {
  const runtime = RUNTIMES[/** @type {keyof typeof RUNTIMES} */ (name)];
  if (!runtime) throw new Stop(`${name} is none of ${RUNTIME_NAMES.join(", ")}.`);
  const { major, scope, path } = runtime;
  return bringProgram({
    name,
    spec: `${name}@${major}`,
    args: ["--ignore-scripts"], // they would move the program out of the package of the platform
    find(packages) {
      const platforms = existsSync(join(packages, scope)) ? readdirSync(join(packages, scope)) : [];
      return platforms
        .map((platform) => join(packages, scope, platform, ...path))
        .find((program) => existsSync(program));
    },
    fits: (version) => version.replace(`${name} `, "").startsWith(`${major}.`),
  });
}

const NEXT_MAJOR = 16;

/** Next.js with React beside it, as its projects have them. 340 MB, which is why it is no development package. */
export function bringNext() {
  return bringProgram({
    name: "next",
    spec: `next@${NEXT_MAJOR}`,
    args: ["react@19", "react-dom@19"],
    find: (packages) => join(packages, ".bin", "next"),
    fits: (version) => version.includes(`v${NEXT_MAJOR}.`),
  });
}
