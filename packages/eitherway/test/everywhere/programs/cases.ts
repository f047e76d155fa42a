/** Runs the cases that its arguments name with the client of servers, and says how each went: any runtime that knows TypeScript. */
import { createClient } from "../../../src/client/index.node.ts";
import { createCaseRunner } from "../../browser/pages/case-runner.ts";
import { BROWSER_CASES } from "../../browser/pages/cases.ts";

const [address = "", ...titles] = process.argv.slice(2);

const runner = createCaseRunner({
  cases: BROWSER_CASES,
  address,
  createClient,
  origin: new URL(address).origin,
});
for (const title of titles) console.log(JSON.stringify({ title, failure: await runner.run(title) }));
runner.close(); // and nothing is left that keeps the process
