/** Runs tests on other majors of Node than the one that runs us; npm brings them as packages. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bringProgram } from "./npm-program.js";
import { Stop } from "./phases.js";
import { runTool } from "./process.js";
import { CACHE } from "./root.js";
import { readReport } from "./test-names.js";

/** What touches the platform, and the native part of files. */
const PLATFORM = ["node/", "matrix/", "transports/", "fetch/", "file/file-broker"];

/** That, and the pure parts. */
const ALL = ["protocol/", "core/", "contract/", "server/", "client/", "instrument/", "testing/", ...PLATFORM];

/**
 * Folders of tests for each major. Browsers, soaks, models and attacks would tell nothing new; and what is pure and holds on the oldest
 * and on the newest holds between them.
 * @type {ReadonlyMap<number, readonly string[]>}
 */
const PLACES = new Map([
  [22, PLATFORM],
  [24, ALL],
]);

export const OTHER_MAJORS = [...PLACES.keys()];

/**
 * @param {number} major
 * @param {{ live: boolean }} options live: shows the runner's output as it comes
 * @returns {Promise<string>} the runner's output; empty with `live`
 */
export async function testOnNode(major, { live }) {
  const node = await bringNode(major);
  const filters = (PLACES.get(major) ?? ALL).map((place) => `packages/eitherway/test/${place}`);
  const report = join(CACHE, `test-report-node-${major}.json`);
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code, output } = await runTool("vitest", "vitest", ["run", ...reporters, ...filters], { node, live });
  if (code === 0) return output;
  // The names last: whoever keeps only the end of a log keeps them.
  const names = existsSync(report) ? readReport(report).failures : [];
  throw new Stop([output, ...names, `Tests failed on Node ${major}.`].join("\n"));
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
