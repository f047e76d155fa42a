/** Child processes: run them, keep what they say, and never leave one behind. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { inRoot, ROOT } from "./root.js";

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] default: the clone
 * @property {NodeJS.ProcessEnv} [env] default: ours
 * @property {boolean | "kept"} [live] shows the output as it comes instead of keeping it; `"kept"`: as well, and the child sees no terminal
 * @property {number} [limitMs] kills the child after this time; its code is then -1
 *
 * @typedef {object} Ended
 * @property {number} code exit code; -1 where the child was killed or could not start
 * @property {string} output standard output and error, in the order they came; empty with `live: true`
 * @property {string} stdout
 * @property {number} ms
 */

const ENDING = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
const GRACE_MS = 5_000; // time for a child to end by itself before it is killed

/** @type {Set<(signal: NodeJS.Signals) => void>} how to signal each child that runs */
const children = new Set();
/** @type {number | undefined} our exit code, once a signal told us to end */
let endingWith;

/**
 * Runs a program to its end. Never rejects: a program that cannot start is a code of -1 and a sentence.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Ended>}
 */
export function run(command, args, options = {}) {
  const { cwd = ROOT, env = process.env, live = false, limitMs } = options;
  const started = performance.now();
  return new Promise((resolve) => {
    // Not live: a group of its own, so that what hangs is killed together with all that it started.
    const stdio = live === true ? "inherit" : /** @type {const} */ (["ignore", "pipe", "pipe"]);
    const child = spawn(command, args, { cwd, env, stdio: /** @type {"inherit"} */ (stdio), detached: !live });
    let output = "";
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      output += text;
      stdout += text;
      if (live) process.stdout.write(text);
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (live) process.stderr.write(text);
    });

    /** @param {NodeJS.Signals} signal */
    const end = (signal) => {
      if (child.pid === undefined) return;
      try {
        process.kill(live ? child.pid : -child.pid, signal);
      } catch {
        // It is gone already.
      }
    };
    const timer = limitMs === undefined ? undefined : setTimeout(end, limitMs, "SIGKILL");
    track(end);

    /** @param {number | null} code */
    const ended = (code) => {
      clearTimeout(timer);
      untrack(end);
      if (endingWith === undefined) resolve({ code: code ?? -1, output, stdout, ms: performance.now() - started });
      else if (children.size === 0) process.exit(endingWith);
    };
    child.once("error", (error) => {
      output += `${command} could not start: ${error.message}\n`;
      ended(-1);
    });
    child.once("close", ended);
  });
}

/**
 * Runs a program of an installed development package with this Node.
 * @param {string} name package name
 * @param {string} bin name of the program
 * @param {readonly string[]} args
 * @param {RunOptions & { node?: string, nodeArgs?: readonly string[] }} [options]
 */
export function runTool(name, bin, args, options = {}) {
  return run(options.node ?? process.execPath, [...(options.nodeArgs ?? []), toolPath(name, bin), ...args], options);
}

/**
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNpm(args, options) {
  // Under `npm run` this is npm's own script: no shell, and the same npm.
  const script = process.env.npm_execpath;
  if (script?.endsWith("npm-cli.js")) return run(process.execPath, [script, ...args], options);
  return run("npm", args, options);
}

/**
 * @param {string} name
 * @param {string} bin
 */
function toolPath(name, bin) {
  const folder = inRoot("node_modules", name);
  const { bin: bins } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof bins === "string" ? bins : bins[bin]);
}

// Signals are ours only while a child runs: afterwards a server in this process handles them itself.

/** @param {(signal: NodeJS.Signals) => void} end */
function track(end) {
  if (children.size === 0) for (const signal of ENDING) process.on(signal, endAll);
  children.add(end);
}

/** @param {(signal: NodeJS.Signals) => void} end */
function untrack(end) {
  children.delete(end);
  if (children.size === 0) for (const signal of ENDING) process.off(signal, endAll);
}

/** @param {NodeJS.Signals} signal */
function endAll(signal) {
  endingWith ??= 128 + constants.signals[signal]; // as shells tell it
  for (const end of children) end("SIGTERM");
  setTimeout(() => {
    for (const end of children) end("SIGKILL");
    process.exit(endingWith);
  }, GRACE_MS).unref();
}
