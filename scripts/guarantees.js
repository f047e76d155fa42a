/** `npm run guarantees`: writes docs/guarantees.md anew. `npm test` compares it with the tests that passed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { guaranteesPage } from "./lib/guarantees.js";
import { script } from "./lib/phases.js";
import { inRoot } from "./lib/root.js";
import { listTests } from "./lib/test-names.js";

await script(async () => {
  const page = guaranteesPage(await listTests());
  mkdirSync(inRoot("docs"), { recursive: true });
  writeFileSync(inRoot("docs", "guarantees.md"), page);
  console.log("docs/guarantees.md is written.");
});
