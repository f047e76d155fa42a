/** Listed breaks that could not be tried: code moves on, and its list has to follow. */
import { existsSync, readFileSync } from "node:fs";
import { mutants } from "../mutants-list.js";
import { inRoot } from "./root.js";

/** Where the files of a listed break are. */
export const MUTATED = "packages/eitherway/src";
export const MUTANT_TESTS = "packages/eitherway/test";

/**
 * @param {string} source
 * @param {import("../mutants-list.js").Mutant} mutant
 */
function applies(source, { search }) {
  return source.split(search).length === 2;
}

/** What is wrong with the list, one line each; none is good. */
export function staleMutants() {
  return mutants.flatMap((mutant) => {
    const { title, file, tests } = mutant;
    const path = inRoot(MUTATED, file);
    const missing = tests.filter((test) => !existsSync(inRoot(MUTANT_TESTS, test)));
    return [
      ...(existsSync(path) && applies(readFileSync(path, "utf8"), mutant)
        ? []
        : [`"${title}": what it breaks does not stand in ${file} exactly once; look for it, and correct the list.`]),
      ...missing.map((test) => `"${title}": there is no test ${test}.`),
    ];
  });
}
