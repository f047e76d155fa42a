/** `npm run facts`: writes docs/in-between.md anew. `npm run check` says when it is not what the facts say. */
import { writeFileSync } from "node:fs";
import { buildPackage } from "./lib/build.js";
import { FACTS_PAGE, factsPage } from "./lib/facts-page.js";
import { script } from "./lib/phases.js";

await script(async () => {
  await buildPackage();
  writeFileSync(FACTS_PAGE, await factsPage());
  console.log("docs/in-between.md is written.");
});
