/** Before `npm pack`: an up-to-date build, and beside it the texts that the repository keeps at its root. */
import { copyFileSync, existsSync } from "node:fs";
import { buildPackage } from "./lib/build.js";
import { Stop, script } from "./lib/phases.js";
import { inRoot } from "./lib/root.js";

const TEXTS = ["README.md", "LICENSE", "CHANGELOG.md"]; // git-ignored in the package's folder

await script(async () => {
  await buildPackage();
  for (const text of TEXTS) {
    const from = inRoot(text);
    if (!existsSync(from)) throw new Stop(`${text} is missing at the root of the repository; the package needs it.`);
    copyFileSync(from, inRoot("packages", "eitherway", text));
  }
});
