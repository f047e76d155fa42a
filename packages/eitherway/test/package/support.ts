/** What the tests of the packed package share: programs run to their end, and empty projects. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package in the repository. */
export const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failing one is a code, not an exception. */
export function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, [...args], { cwd, env: cleanEnv(), maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs npm; throws what it says where it fails. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run("npm", args, cwd);
  if (code !== 0) throw new Error(`npm ${args.join(" ")} failed (${code}):\n${stdout}\n${stderr}`);
  return stdout;
}

/** A project that depends on nothing but the packed package. */
export async function createProject(
  folder: string,
  type: "module" | "commonjs",
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ name: "empty", version: "1.0.0", private: true, type }),
  );
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
}

/** The environment of a user: nothing of the npm and the test runner around us. */
function cleanEnv(): NodeJS.ProcessEnv {
  const ours =
    /^(?:npm_(?:lifecycle|package|command|config_local_prefix|config_prefix)|INIT_CWD|NODE_|VITEST|FORCE_COLOR)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
