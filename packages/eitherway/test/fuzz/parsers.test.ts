/**
 * Every parser that reads what a stranger sends, over legal inputs with something changed: it reads them, or says with a typed error why
 * not. Never another exception, never more than the input is worth; where there is somebody else to ask, he reads the same.
 *
 * `npm run test:long` gives each a million inputs. A failure names its seed: EITHERWAY_FUZZ_SEED begins with it.
 */
import { describe, expect, test } from "vitest";
import { longInputs } from "../support/mutator.ts";
import { examine, slowest } from "./examine.ts";
import { PARSERS } from "./parsers.ts";

const INPUTS = Number(process.env["EITHERWAY_FUZZ_INPUTS"] ?? 10_000);
const FIRST_SEED = Number(process.env["EITHERWAY_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

/** Of both outcomes there are so many, or the claim would rest on inputs that never came to the interesting parts. */
const LEAST_SHARE = 0.01;

/** Twice what platforms take as headers. Reading them takes about a millisecond; with the square of the length, hundreds. */
const LONG_UNITS = 32 * 1024;
const MOST_MS = 100;

describe(`${INPUTS.toLocaleString("en-US")} inputs each, from seed ${FIRST_SEED}`, () => {
  test.each(PARSERS)("$name: read, or refused by a typed error (P6, P12)", (parser) => {
    const { read, refused, found } = examine(parser, FIRST_SEED, INPUTS);
    if (found) {
      const { seed, input, problem } = found;
      const shown = typeof input === "string" ? JSON.stringify(input) : Buffer.from(input).toString("hex");
      expect.fail(`EITHERWAY_FUZZ_SEED=${seed}: ${problem}\n${shown}`);
    }
    expect(read).toBeGreaterThan(INPUTS * LEAST_SHARE);
    if (!parser.total) expect(refused).toBeGreaterThan(INPUTS * LEAST_SHARE);
  });
});

describe(`${LONG_UNITS.toLocaleString("en-US")} characters of the same`, () => {
  const long = longInputs(LONG_UNITS);
  test.each(PARSERS)("$name: take no time that grows faster than they do (P6)", (parser) => {
    const { ms, input } = slowest(parser, long);
    expect(ms, `${ms} ms for ${JSON.stringify(input.slice(0, 20))}…`).toBeLessThan(MOST_MS);
  });
});
