/** One round of one cell: a fresh server, the load generator against it, and what came of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "../../scripts/lib/process.js";
import { fillChannels, keptBytes, makeHistory } from "./control-line.js";
import { LOAD_PROGRAM } from "./native.js";
import { planText } from "./plan.js";

/**
 * @typedef {import("./types.js").Round} Round
 * @typedef {import("./types.js").Peer} Peer
 *
 * @typedef {Omit<import("./plan.js").PlanOptions, "server" | "cpu" | "history"> & RunSurroundings} RunOptions
 *
 * @typedef {object} RunSurroundings
 * @property {number} [nodes]
 * @property {number} [heartbeatMs]
 * @property {boolean} [loose] not pinned, as several runs go on at once
 */

const TASKSET = "/usr/bin/taskset";
const SERVER_CPU = 0;
const LOAD_CPU = 1;
const START_LIMIT_MS = 60_000; // four processes of Node and Redis, beside other programs
const WORDS_MOST = 500;
const END_LIMIT_MS = 3_000;
const RUN_LIMIT_MS = 120_000;
const NOTHING = { otherPercent: 0, deliveries: 0, wallS: 0, userS: 0, sysS: 0, cpuS: 0, bytes: 0 };
const CONTENDED_PERCENT = 5; // more of the server's CPU than this to others, and the round is not clean

/** Server and load each have a CPU of their own. */
export const isPinned = existsSync(TASKSET) && availableParallelism() > 1;

/**
 * Never rejects for what a peer does: such a round is void and says why.
 * @param {RunOptions} options
 * @returns {Promise<Round>}
 */
export async function runRound(options) {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove); // a signal ends this process in the middle
  const server = startServer(options);
  try {
    if (options.kind === "kept")
      return { ...NOTHING, clean: true, ...(await keptBytes((await server.ready).control, options.size)) };
    const cpu = isPinned && !options.loose ? SERVER_CPU : -1;
    const file = join(folder, "plan");
    const where = await server.ready;
    writeFileSync(file, planText({ ...options, cpu, server: where, history: await prepare(options, where) }));
    const [program = "", ...args] = pinned(LOAD_CPU, LOAD_PROGRAM, [file], options);
    const { stdout, output } = await run(program, args, { limitMs: RUN_LIMIT_MS });
    const round = roundOf(stdout, output);
    return round.void === undefined ? round : voidRound(`${round.void}${server.words()}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return voidRound(`${why}${server.words()}`);
  } finally {
    await server.end();
    process.off("exit", remove);
    remove();
  }
}

/**
 * What has to be in the server before the links come: a place to come back to, or channels that nobody listens to.
 * @param {RunOptions} options
 * @param {{ control: number }} server
 */
async function prepare({ kind, variant, size, dialects }, { control }) {
  const { channels = 1, idleChannels = 0 } = size;
  if (idleChannels > 0) await fillChannels(control, channels, channels + idleChannels - 1);
  const needsCursor = kind === "resume" || dialects.some(({ again }) => again !== undefined);
  return needsCursor ? makeHistory(control, variant.missed ?? 0) : undefined;
}

/**
 * @param {number} cpu
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunSurroundings} surroundings
 */
function pinned(cpu, program, args, { loose = false }) {
  return isPinned && !loose ? [TASKSET, "-c", String(cpu), program, ...args] : [program, ...args];
}

/** The server ends when its standard input does, and so also when this process is killed. @param {RunOptions} options */
function startServer(options) {
  const { peer, kind, size, variant, nodes, heartbeatMs } = options;
  const links = size.links + (variant.frozen ?? 0);
  const channels = (size.channels ?? 1) + (size.idleChannels ?? 0);
  const { program, args, env } = peer.command({ scenario: kind, links, channels, nodes, heartbeatMs });
  const [first = "", ...others] = pinned(SERVER_CPU, program, args, options);
  const child = spawn(first, others, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("close", resolve);
  });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    words += text;
  });
  child.stdin.on("error", () => child.stdin.destroy()); // it ended first

  async function firstLine() {
    const giveUp = AbortSignal.timeout(START_LIMIT_MS);
    const line = once(createInterface(child.stdout), "line", { signal: giveUp }).then(([text]) => String(text));
    const text = await Promise.race([line, ended.then(() => undefined)]).catch(() => undefined);
    if (text === undefined) throw new Error("the server did not start");
    return /** @type {import("./types.js").ServerLine} */ (JSON.parse(text));
  }

  async function end() {
    child.stdin.end();
    const kill = setTimeout(() => child.kill("SIGKILL"), END_LIMIT_MS);
    await ended;
    clearTimeout(kill);
  }

  /** What it said on standard error: why it ended, where it has. */
  const said = () => (words === "" ? "" : `; the server said: ${words.trim().slice(0, WORDS_MOST)}`);

  return { ready: firstLine(), end, words: said };
}

/**
 * @param {string} stdout
 * @param {string} output
 * @returns {Round}
 */
function roundOf(stdout, output) {
  if (!stdout.trim().startsWith("{")) return voidRound(`the load generator said nothing: ${output.trim()}`);
  const { void: broken, stopped, ...values } = JSON.parse(stdout);
  if (broken !== undefined || stopped !== undefined) return voidRound(broken ?? stopped);
  return { clean: values.otherPercent <= CONTENDED_PERCENT, ...values };
}

/** @param {string} why @returns {Round} */
function voidRound(why) {
  return { clean: false, ...NOTHING, void: why };
}
