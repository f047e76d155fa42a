#!/usr/bin/env node
/** Loads the built command line; in a clone that is not built yet it says how to build. */
import { existsSync } from "node:fs";

const built = new URL("../dist/cli/index.js", import.meta.url);

if (existsSync(built)) {
  const { main } = await import(built.href);
  await main(process.argv.slice(2));
} else {
  console.error("Eitherway is not built yet; in the clone run: npm start (installs, builds, serves) or: npm run build");
  process.exitCode = 1;
}
