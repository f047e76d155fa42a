/**
 * The tests plant secrets, and keep what servers wrote meanwhile (`packages/eitherway/test/support/witness.ts`); here the ones are
 * looked for in the others.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Stop } from "./phases.js";
import { CACHE, ROOT } from "./root.js";

const FOLDER = join(CACHE, "witness");

/** So much of a secret, wherever it begins, is looked for at so many places: whoever shows 17 characters of one is found. */
const PART = 12;
const STEP = 6;

/** Of a line that has one, around it. */
const SHOWN = 100;
const MOST_SHOWN = 50;

/** From here on, tests keep what is written. */
export function beginWitness() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  process.env.EITHERWAY_WITNESS = FOLDER;
}

/**
 * What a runner of tests wrote itself, their messages and what programs said to its terminal among it.
 * @param {string} name
 * @param {string} output
 */
export function witnessOutput(name, output) {
  writeFileSync(join(FOLDER, `output-of-${name}.log`), output);
}

/** Throws {@link Stop} with file and line of each finding, and where nothing was planted or kept: that would prove nothing. */
export function expectNoSecrets() {
  const { planted, written, findings } = findSecrets();
  if (planted === 0 || written === 0) throw new Stop("No test planted a secret, or none kept what was written.");
  if (findings.length > 0) throw new Stop(tellSecrets(findings));
  console.log(`${planted} planted secrets are in none of ${written} files of what was written`);
}

/** Also of a run that failed: what a test says when it fails is written as well. */
export function findSecrets() {
  const files = readdirSync(FOLDER).sort();
  const planted = files.filter((name) => name.startsWith("planted-")).flatMap(readPlanted);
  const written = files.filter((name) => !name.startsWith("planted-"));
  const parts = partsOf(planted);
  return { planted: planted.length, written: written.length, findings: written.flatMap((name) => findIn(name, parts)) };
}

/** @param {readonly string[]} findings */
export function tellSecrets(findings) {
  const shown = findings.slice(0, MOST_SHOWN);
  if (findings.length > shown.length) shown.push(`and ${findings.length - shown.length} more`);
  return [...shown, "Secrets that tests planted were written where others read them."].join("\n");
}

/**
 * @param {string} name
 * @returns {{ readonly secret: string, readonly test: string }[]}
 */
function readPlanted(name) {
  return linesOf(name).map((line) => JSON.parse(line));
}

/**
 * @param {ReturnType<typeof readPlanted>} planted
 * @returns {ReadonlyMap<string, string>} each part, and the test that planted it
 */
function partsOf(planted) {
  const parts = new Map();
  for (const { secret, test } of planted) {
    for (let at = 0; at + PART <= secret.length; at++) parts.set(secret.slice(at, at + PART), test);
  }
  return parts;
}

/**
 * @param {string} name
 * @param {ReadonlyMap<string, string>} parts
 */
function findIn(name, parts) {
  return linesOf(name).flatMap((line, i) => {
    for (let at = 0; at + PART <= line.length; at += STEP) {
      const test = parts.get(line.slice(at, at + PART));
      if (test === undefined) continue;
      const around = line.slice(Math.max(0, at - SHOWN), at + SHOWN);
      return [`${relative(ROOT, join(FOLDER, name))}:${i + 1}: a secret of "${test}" in: ${around}`];
    }
    return [];
  });
}

/** @param {string} name */
function linesOf(name) {
  const lines = readFileSync(join(FOLDER, name), "utf8").split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
