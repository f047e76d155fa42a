/**
 * `npm run choosing`: compares all transports on this machine, about 3 minutes, and writes docs/choosing.md
 * and its numbers anew. With `--keep` only the page, from the numbers that are there. `npm run check` says when it is not what they say.
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { buildPackage } from "./lib/build.js";
import { CHOOSING_PAGE, choosingPage, MEASURED } from "./lib/choosing-page.js";
import { Stop, script } from "./lib/phases.js";
import { run } from "./lib/process.js";

await script(async () => {
  await buildPackage();
  if (!process.argv.includes("--keep")) {
    const { code, stdout, output } = await run("node", ["packages/eitherway/bin/eitherway.js", "compare", "--json"]);
    if (code !== 0) throw new Stop(`compare ended with code ${code}: ${output}`);
    writeFileSync(MEASURED, stdout);
  }
  writeFileSync(CHOOSING_PAGE, await choosingPage());
  console.log("docs/choosing.md is written.");
});
