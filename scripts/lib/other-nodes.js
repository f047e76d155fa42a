/** Runs tests on other majors of Node than the one that runs us; npm brings them as packages. */
import { join } from "node:path";
import { bringProgram } from "./npm-program.js";
import { Stop } from "./phases.js";
import { runTool } from "./process.js";

export const OTHER_MAJORS = [22, 24];

/** The pure parts and everything that touches the platform; browsers, soaks and models would tell nothing new. */
const FOLDERS = [
  "protocol",
  "core",
  "contract",
  "transports",
  "server",
  "client",
  "instrument",
  "testing",
  "node",
  "matrix",
];

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

/** @param {number} major */
function bringNode(major) {
  return bringProgram({
    name: `node-${major}`,
    spec: `node@${major}`,
    find: (packages) => join(packages, "node", "bin", "node"),
    fits: (version) => version.startsWith(`v${major}.`),
  });
}
