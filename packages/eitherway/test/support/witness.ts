/**
 * Keeps what the servers of the tests write, and the secrets that tests plant, for the end of `npm test`: it looks for the ones in the
 * others (P12). A single run keeps nothing.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { expect, onTestFinished } from "vitest";
import type { Logger } from "../../src/core/index.ts";

/** Where a secret must not be: each is written for others than those who sent it. */
export type Place = "log" | "url" | "error" | "metric" | "output";

/** Set by `npm test`, which reads what is kept there. */
const FOLDER = process.env.EITHERWAY_WITNESS;

/** One file of each kind for a process: lines of several would mix. */
const OWN = `${process.pid}-${threadId}.jsonl`;

const planted = new Set<string>();

/**
 * A secret that must turn up nowhere. Long parts of it are looked for as well, so it should have none that an honest sentence has.
 *
 * @returns the same
 */
export function plant(secret: string): string {
  if (FOLDER === undefined || planted.has(secret)) return secret;
  planted.add(secret);
  keep(FOLDER, "planted", { secret, test: currentTest() });
  return secret;
}

export function witness(place: Place, text: string): void {
  if (FOLDER !== undefined) keep(FOLDER, "written", { place, text, test: currentTest() });
}

/** A logger that tells nobody, but for the levels given. */
export function witnessed(told: Partial<Logger> = {}): Logger {
  const level =
    (name: keyof Logger): Logger["info"] =>
    (event, fields) => {
      witness("log", `${name} ${event} ${JSON.stringify(fields)}`);
      told[name]?.(event, fields);
    };
  return { info: level("info"), warn: level("warn"), error: level("error") };
}

/** Looks at the metrics of a server when its test is over; call it after what closes the server is set up. */
export function witnessMetrics(server: { stats(): unknown }): void {
  if (FOLDER !== undefined) onTestFinished(() => witness("metric", JSON.stringify(server.stats())));
}

function keep(folder: string, kind: "planted" | "written", line: object): void {
  appendFileSync(join(folder, `${kind}-${OWN}`), `${JSON.stringify(line)}\n`);
}

function currentTest(): string {
  try {
    const { testPath = "", currentTestName = "while it loads" } = expect.getState();
    return `${testPath.slice(testPath.lastIndexOf("/test/") + 1)}: ${currentTestName}`;
  } catch {
    return "a program that a test has started"; // there the runner has no state
  }
}
