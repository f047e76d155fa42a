/**
 * `npm run test:mutants [words of a title]`: breaks the code on purpose, one listed way at a time, and expects tests to notice.
 * Everything happens in copies of the tree. A break that no test notices fails this script, and so does one that cannot be
 * applied any more (`npm run check` looks for those too), or that ends the run without a red test: that would prove nothing.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildPackage } from "./lib/build.js";
import { Stop, script, seconds } from "./lib/phases.js";
import { pool } from "./lib/pool.js";
import { runTool } from "./lib/process.js";
import { MUTANT_TESTS, MUTATED, staleMutants } from "./lib/stale-mutants.js";
import { readReport } from "./lib/test-names.js";
import { createWorkingCopy } from "./lib/working-copy.js";
import { mutants } from "./mutants-list.js";

const MOST_AT_ONCE = 2;
const LIMIT_MS = 180_000; // far above what the tests of a break take; beyond it the break made something hang
const UNBROKEN_LIMIT_MS = 1_800_000; // for the tests of all breaks, one after the other
const WIDTH = "no red test".length;

/** @typedef {import("./mutants-list.js").Mutant} Mutant */

await script(async () => {
  const words = process.argv.slice(2).join(" ");
  const chosen = mutants.filter(({ title }) => title.includes(words));
  if (chosen.length === 0) throw new Stop(`No listed break has "${words}" in its title.`);
  const stale = staleMutants();
  if (stale.length > 0) throw new Stop(stale.join("\n"));
  const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))];

  await buildPackage(); // some of the tests start its programs, unbroken
  const copies = Array.from({ length: Math.min(MOST_AT_ONCE, chosen.length) }, createWorkingCopy);
  process.on("exit", () => copies.forEach(({ remove }) => void remove()));

  const whole = await runTests(copies[0]?.folder ?? "", tests, UNBROKEN_LIMIT_MS);
  if (whole.outcome !== "survived") throw new Stop(`${whole.output}\nThe tests are not green on the unbroken code.`);
  console.log(`unbroken: ${tests.length} test files green${seconds(whole.ms)}`);

  const outcomes = await pool(chosen, copies.length, async (mutant, lane) => {
    const { outcome, ms, output } = await tryMutant(copies[lane]?.folder ?? "", mutant);
    console.log(`${outcome.padEnd(WIDTH)} ${seconds(ms)}  ${mutant.title} (${mutant.file})`);
    if (outcome === "no red test") console.log(output);
    return outcome;
  });
  const killed = outcomes.filter((outcome) => outcome === "noticed").length;
  console.log(`${killed} of ${chosen.length} breaks noticed`);
  if (killed < chosen.length) throw new Stop("A break that no test notices, or that cannot be tried, needs a look.");
});

/**
 * @param {string} folder a copy of the tree
 * @param {Mutant} mutant
 */
async function tryMutant(folder, { file, search, replace, tests }) {
  const path = join(folder, MUTATED, file);
  const source = readFileSync(path, "utf8");
  writeFileSync(
    path,
    source.replace(search, () => replace),
  );
  try {
    return await runTests(folder, tests, LIMIT_MS);
  } finally {
    writeFileSync(path, source);
  }
}

/**
 * @param {string} folder
 * @param {readonly string[]} tests
 * @param {number} limitMs
 */
async function runTests(folder, tests, limitMs) {
  const report = join(folder, ".cache-report.json");
  rmSync(report, { force: true });
  const files = tests.map((test) => join(MUTANT_TESTS, test));
  const options = ["--root", folder, "--reporter=json", `--outputFile=${report}`, "--bail=1", "--maxWorkers=1"];
  const { code, ms, output } = await runTool("vitest", "vitest", ["run", ...options, ...files], {
    cwd: folder,
    limitMs,
  });
  if (code === 0) return { outcome: "survived", ms, output };
  if (!existsSync(report)) return { outcome: code === -1 ? "noticed" : "no red test", ms, output }; // -1: it hung
  const { failed, messages } = readReport(report);
  return { outcome: failed > 0 ? "noticed" : "no red test", ms, output: messages.join("\n") || output };
}
