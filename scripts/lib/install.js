/** Brings the packages of the lock file into the clone, and only there. */
import { existsSync, statSync } from "node:fs";
import { Stop } from "./phases.js";
import { runNpm } from "./process.js";
import { inRoot } from "./root.js";

/** True when `node_modules` is what the lock file says, judged by time: the installer writes its own record last. */
export function isInstalled() {
  const record = inRoot("node_modules", ".package-lock.json");
  return existsSync(record) && statSync(record).mtimeMs >= statSync(inRoot("package-lock.json")).mtimeMs;
}

export async function install() {
  const { code, output } = await runNpm(["ci", "--no-audit", "--no-fund"]);
  if (code !== 0) throw new Stop(`${output}\nnpm ci failed (code ${code}); its own words are above.`);
}
