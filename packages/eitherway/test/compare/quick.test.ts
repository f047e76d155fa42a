import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Comparison } from "../../src/instrument/index.ts";

const BIN = fileURLToPath(new URL("../../bin/eitherway.js", import.meta.url));
const MOST_MS = 20_000;

test("compare --quick takes at most 20 s in all, and plays at least 30 rounds in them", async () => {
  const began = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, [BIN, "compare", "--quick", "--json"]);
  expect(performance.now() - began).toBeLessThan(MOST_MS);
  const { made, sides, figures, findings } = JSON.parse(stdout) as Comparison;
  expect(made.plan).toBe("quick");
  expect(made.rounds).toBeGreaterThanOrEqual(30);
  expect(made).not.toHaveProperty("partial");
  expect(sides.map(({ id }) => id)).toEqual(["ws", "sse"]);
  expect(figures.flatMap(({ values }) => Object.values(values)).some(({ verdict }) => verdict)).toBe(true);
  expect(findings).toEqual([]);
});
