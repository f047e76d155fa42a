/** The tests that exist, as the test runner itself names them: loops make tests too, so sources cannot be searched. */
import { mkdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { Stop } from "./phases.js";
import { runTool } from "./process.js";
import { CACHE, ROOT } from "./root.js";

/** @typedef {import("./guarantees.js").NamedTest} NamedTest */

/** Every test, without running it. Throws {@link Stop} where a test file cannot be loaded. */
export async function listTests() {
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, "tests.json");
  const { code, output } = await runTool("vitest", "vitest", ["list", `--json=${file}`]);
  if (code !== 0) throw new Stop(`${output}\nThe tests cannot be listed; the error is above.`);
  /** @type {{ name: string, file: string }[]} */
  const tests = JSON.parse(readFileSync(file, "utf8"));
  return tests.map((test) => ({ name: test.name, file: fromRoot(test.file) }));
}

/**
 * A finished run, from the JSON report of the runner.
 *
 * @param {string} report path of the report
 */
export function readReport(report) {
  /** @type {{ numPassedTests: number, numFailedTests: number, numTotalTests: number, success: boolean,
   *   testResults: { name: string, message: string, assertionResults: { ancestorTitles: string[], title: string, status: string, failureMessages: string[] }[] }[] }} */
  const run = JSON.parse(readFileSync(report, "utf8"));
  const { numPassedTests: passed, numFailedTests: failed, numTotalTests: total } = run;
  return {
    passed,
    failed,
    /** Skipped, or marked to be written. */
    notRun: total - passed - failed,
    success: run.success,
    /** One line each: which tests failed, and which files could not be loaded. */
    failures: run.testResults.flatMap(({ name, message, assertionResults }) => [
      ...(message === "" ? [] : [`${fromRoot(name)}: ${firstLine(message)}`]),
      ...assertionResults
        .filter(({ status }) => status === "failed")
        .map(({ ancestorTitles, title, failureMessages }) =>
          [fromRoot(name), ...ancestorTitles, `${title}: ${firstLine(failureMessages[0] ?? "")}`].join(" > "),
        ),
    ]),
    /** What went wrong, in files that cannot be loaded and in single tests. */
    messages: run.testResults.flatMap(({ name, message, assertionResults }) => [
      ...(message === "" ? [] : [`${fromRoot(name)}: ${message}`]),
      ...assertionResults.flatMap(({ title, failureMessages }) => failureMessages.map((text) => `${title}: ${text}`)),
    ]),
    /** @type {NamedTest[]} those that passed */
    tests: run.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === "passed")
        .map(({ ancestorTitles, title }) => ({ name: [...ancestorTitles, title].join(" > "), file: fromRoot(name) })),
    ),
  };
}

/** @param {string} text */
function firstLine(text) {
  return text.split("\n", 1)[0];
}

/** @param {string} path */
function fromRoot(path) {
  return relative(ROOT, path).replaceAll(sep, "/");
}
