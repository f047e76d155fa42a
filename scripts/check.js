/** `npm run check`: format, lint, types, layers, dead code and rules about files. One line each; a failing one in full. */
import { availableParallelism } from "node:os";
import { buildPackage } from "./lib/build.js";
import { choosingPage, readChoosingPage } from "./lib/choosing-page.js";
import { factsPage, readFactsPage } from "./lib/facts-page.js";
import { installScripts, lockHosts, longFiles, machinePaths } from "./lib/file-rules.js";
import { Stop, script, seconds, TITLE_WIDTH } from "./lib/phases.js";
import { pool } from "./lib/pool.js";
import { run, runTool } from "./lib/process.js";
import { CACHE, inRoot } from "./lib/root.js";
import { staleMutants } from "./lib/stale-mutants.js";

const MOST_AT_ONCE = 3; // more only fight for memory

/** @typedef {{ title: string, complaints: () => Promise<string> }} Check */

/** Before all others: what imports the package, or looks where its exports lead, needs it built. @type {Check} */
const BUILD = { title: "types of the package", complaints: packageTypes };

/** @type {readonly Check[]} slow ones first */
const CHECKS = [
  { title: "types of the tests", complaints: tool("typescript", "tsc", typesArgs("packages/eitherway/test", "test")) },
  { title: "types of the showcase", complaints: tool("typescript", "tsc", typesArgs("apps/showcase", "showcase")) },
  { title: "types of the examples", complaints: tool("typescript", "tsc", typesArgs("examples", "examples")) },
  { title: "dead code", complaints: tool("knip", "knip", ["--no-progress", "--treat-config-hints-as-errors"]) },
  {
    title: "layers and cycles",
    complaints: tool("dependency-cruiser", "depcruise", ["--output-type", "err-long", "packages", "apps", "scripts"]),
  },
  {
    title: "format and lint",
    complaints: tool("@biomejs/biome", "biome", ["ci", "--colors=off", "--error-on-warnings", "."]),
  },
  {
    title: "types of the scripts",
    complaints: tool("typescript", "tsc", typesArgs("tsconfig.scripts.json", "scripts")),
  },
  { title: "sizes of bundles", complaints: sizes },
  { title: "facts page", complaints: facts },
  { title: "choosing page", complaints: choosing },
  { title: "length of files", complaints: rule(longFiles) },
  { title: "no hosts in the lock file", complaints: rule(lockHosts) },
  { title: "no install scripts", complaints: rule(installScripts) },
  { title: "no paths of a machine", complaints: rule(machinePaths) },
  { title: "breaks that can be tried", complaints: rule(staleMutants) },
];

await script(async () => {
  if (!(await check(BUILD))) throw new Stop("Nothing else was checked.");
  const failed = (await pool(CHECKS, Math.min(availableParallelism(), MOST_AT_ONCE), check)).filter((good) => !good);
  if (failed.length > 0) throw new Stop(`${failed.length} of ${CHECKS.length + 1} checks failed.`);
});

/** @param {Check} one */
async function check({ title, complaints }) {
  const started = performance.now();
  const text = await complaints();
  const line = `${title.padEnd(TITLE_WIDTH)} ${seconds(performance.now() - started)}`;
  console.log(text === "" ? line : `${line}  FAILED\n${text.trimEnd()}\n`);
  return text === "";
}

/**
 * @param {string} name
 * @param {string} bin
 * @param {readonly string[]} args
 */
function tool(name, bin, args) {
  return async () => {
    const { code, output } = await runTool(name, bin, args);
    return code === 0 ? "" : output || `${bin} ended with code ${code}`;
  };
}

async function packageTypes() {
  try {
    await buildPackage();
    return "";
  } catch (error) {
    if (error instanceof Stop) return error.message;
    throw error;
  }
}

/**
 * @param {string} project
 * @param {string} name of the record that makes the next check quick
 */
function typesArgs(project, name) {
  return ["-p", project, "--noEmit", "--incremental", "--tsBuildInfoFile", `${CACHE}/types-${name}.tsbuildinfo`];
}

async function sizes() {
  const { code, output } = await run(process.execPath, [inRoot("scripts", "sizes.js")]);
  return code === 0 ? "" : output;
}

async function facts() {
  return (await factsPage()) === readFactsPage() ? "" : "docs/in-between.md is not what the facts say: npm run facts";
}

/** @param {() => readonly string[]} complain */
function rule(complain) {
  return async () => complain().join("\n");
}

async function choosing() {
  const isSame = (await choosingPage()) === readChoosingPage();
  return isSame ? "" : "docs/choosing.md is not what its numbers and the rules say: npm run choosing -- --keep";
}
