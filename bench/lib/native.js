/** The two programs in C: the load generator and the limit server. Compiled into .cache when their sources are newer. */
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "../../scripts/lib/phases.js";
import { run } from "../../scripts/lib/process.js";
import { CACHE } from "../../scripts/lib/root.js";
import { BENCH } from "./npm-peer.js";

const PROGRAMS = join(CACHE, "bench");

export const LOAD_PROGRAM = join(PROGRAMS, "load");
export const LIMIT_PROGRAM = join(PROGRAMS, "limit");

export async function compilePrograms() {
  if (process.platform !== "linux") throw new Stop("The benchmark needs Linux: it reads what servers use from /proc.");
  mkdirSync(PROGRAMS, { recursive: true });
  await compile(join(BENCH, "load"), LOAD_PROGRAM);
  await compile(join(BENCH, "limit"), LIMIT_PROGRAM);
}

/**
 * @param {string} folder
 * @param {string} program
 */
async function compile(folder, program) {
  const files = readdirSync(folder).map((file) => join(folder, file));
  const newest = Math.max(...files.map((file) => statSync(file).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs > newest) return;
  const made = `${program}.${process.pid}`; // another run may be using the old one
  const sources = files.filter((file) => file.endsWith(".c"));
  const { code, output } = await run("cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", made, ...sources]);
  if (code === 0) renameSync(made, program);
  else if (output.includes("could not start"))
    throw new Stop("The benchmark needs a C compiler: apt-get install -y gcc libc6-dev");
  else throw new Stop(`${output}\n${folder} does not compile; the words of the compiler are above.`);
}
