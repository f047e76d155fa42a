/** What hosts applications besides Node alone, and npm brings. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type RuntimeName = "bun" | "deno" | "next";

/** Where the program is. */
export async function bringRuntime(name: RuntimeName): Promise<string> {
  const script = fileURLToPath(new URL("../../../../scripts/runtime.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, name]);
  return stdout.trim();
}
