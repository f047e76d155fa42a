/** A page that runs the cases with the client of browsers. */
import { createClient } from "../../../src/client/index.ts";
import { createCaseRunner } from "./case-runner.ts";
import { BROWSER_CASES } from "./cases.ts";

globalThis.runCase = createCaseRunner({ cases: BROWSER_CASES, address: location.href, createClient }).run;
