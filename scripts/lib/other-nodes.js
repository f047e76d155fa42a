/** Runs tests on other majors of Node than the one that runs us; npm brings them as packages. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "./phases.js";
import { run, runNpm, runTool } from "./process.js";
import { CACHE } from "./root.js";

export const OTHER_MAJORS = [22, 24];

/** The pure parts and everything that touches the platform; browsers, soaks and models would tell nothing new. */
const FOLDERS = ["protocol", "core", "transports", "server", "client", "testing", "node", "matrix"];

/**
 * @param {number} major
 * @param {{ live: boolean }} options live: shows the runner's output as it comes
 */
export async function testOnNode(major, { live }) {
  const node = await bringNode(major);
  const filters = FOLDERS.map((folder) => `packages/eitherway/test/${folder}/`);
  const { code, output } = await runTool("vitest", "vitest", ["run", ...filters], { node, live });
  if (code !== 0) throw new Stop(`${output}\nTests failed on Node ${major}.`);
}

/**
 * @param {number} major
 * @returns {Promise<string>} the program
 */
async function bringNode(major) {
  const folder = join(CACHE, `node-${major}`);
  const program = join(folder, "node_modules", "node", "bin", "node");
  if (await isNode(program, major)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n'); // else npm climbs to the clone's own
  const { output } = await runNpm(["install", "--no-audit", "--no-fund", `node@${major}`], { cwd: folder });
  if (await isNode(program, major)) return program;
  throw new Stop(`${output}\nnpm did not bring Node ${major} to .cache; its own words are above.`);
}

/**
 * @param {string} program
 * @param {number} major
 */
async function isNode(program, major) {
  const { code, stdout } = await run(program, ["--version"]);
  return code === 0 && stdout.startsWith(`v${major}.`);
}
