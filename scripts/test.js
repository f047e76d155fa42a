/** `npm test`: everything that has to hold before a change lands, on a fresh clone as well. Stops at the first failure. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bringPeers } from "../bench/lib/bring-peers.js";
import { build } from "./lib/build.js";
import { differences, guaranteesPage } from "./lib/guarantees.js";
import { install, isInstalled } from "./lib/install.js";
import { bringNext, bringRuntime, RUNTIME_NAMES } from "./lib/npm-program.js";
import { OTHER_MAJORS, testOnNode } from "./lib/other-nodes.js";
import { phase, Stop, script, seconds, TITLE_WIDTH } from "./lib/phases.js";
import { beginWitness, expectNoSecrets, findSecrets, tellSecrets, witnessOutput } from "./lib/planted-secrets.js";
import { run, runTool } from "./lib/process.js";
import { CACHE, inRoot } from "./lib/root.js";
import { bringSystemParts } from "./lib/system-parts.js";
import { readReport } from "./lib/test-names.js";

const REPORT = join(CACHE, "test-report.json");

await script(async () => {
  const started = performance.now();
  if (!isInstalled()) await phase("packages installed", install);
  await phase("system parts", bringSystemParts);
  for (const name of RUNTIME_NAMES) await phase(`${name} for its tests`, () => bringRuntime(name));
  await phase("next for its tests", bringNext);
  await phase("peers of the benchmark", bringPeers);
  await phase("checks", check);
  await phase("build", build);
  beginWitness();
  const report = await phase("tests", runTests);
  await phase("guarantees page", async () => compareGuarantees(report.tests));
  for (const major of OTHER_MAJORS) {
    const output = await phase(`tests on Node ${major}`, () => testOnNode(major, { live: false }));
    witnessOutput(`node-${major}`, output);
  }
  await phase("planted secrets", async () => expectNoSecrets());
  console.log(`${"everything".padEnd(TITLE_WIDTH)} ${seconds(performance.now() - started)}`);
  console.log(`${report.passed} passed, ${report.failed} failed`);
});

async function check() {
  const { code } = await run(process.execPath, [inRoot("scripts", "check.js")], { live: true });
  if (code !== 0) throw new Stop("npm run check failed; nothing else was tried.");
}

async function runTests() {
  rmSync(REPORT, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`];
  const { code, output } = await runTool("vitest", "vitest", ["run", ...reporters], { live: "kept" });
  witnessOutput("tests", output);
  if (!existsSync(REPORT)) throw new Stop(`The test runner ended with code ${code} and without a report.`);
  const report = readReport(REPORT);
  const { passed, failed, notRun } = report;
  if (code !== 0 || !report.success) {
    const { findings } = findSecrets();
    const lines = [...(findings.length > 0 ? [tellSecrets(findings)] : []), ...report.failures];
    throw new Stop([...lines, `${passed} passed, ${failed} failed`].join("\n"));
  }
  if (notRun > 0) throw new Stop(`${passed} passed, ${notRun} skipped; a test that cannot run has to fail instead.`);
  return report;
}

/** @param {Parameters<typeof guaranteesPage>[0]} tests */
function compareGuarantees(tests) {
  const file = inRoot("docs", "guarantees.md");
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const after = guaranteesPage(tests);
  if (before === after) return;
  const list = differences(before, after).join("\n");
  throw new Stop(`${list}\ndocs/guarantees.md is not what the tests show; if it should be: npm run guarantees`);
}
