/** A worker that runs the cases with the client of browsers: a title comes in, why it failed goes out. */
import { createClient } from "../../../src/client/index.ts";
import { createCaseRunner } from "./case-runner.ts";
import { BROWSER_CASES } from "./cases.ts";

const { run } = createCaseRunner({ cases: BROWSER_CASES, address: location.href, createClient });
addEventListener("message", async ({ data }) => postMessage(await run(data)));
