/**
 * `npm run sizes`: what browsers load of the client, against its budgets. `npm run sizes -- --parts` lists what each file takes;
 * `npm run sizes -- bundle-all/main=8000` tries another budget.
 */
import { BUDGETS, measureBundle } from "./lib/bundle-sizes.js";
import { Stop, script } from "./lib/phases.js";

const NAME_WIDTH = 22;
const COUNT_WIDTH = 9;

await script(async () => {
  const args = process.argv.slice(2);
  const tried = new Map(args.map((arg) => /** @type {[string, string]} */ (arg.split("="))));
  const sizes = new Map(
    await Promise.all(BUDGETS.map(async ({ name }) => /** @type {const} */ ([name, await measureBundle(name)]))),
  );
  /** @param {string | undefined} name */
  const sizeOf = (name) => sizes.get(name ?? "") ?? { minified: 0, gzipped: 0, parts: [] };
  const over = [];
  console.log(line("", "minified", "gzipped", "budget", "goal"));
  for (const { name, what, bytes, goal = "", beyond } of BUDGETS) {
    const budget = Number(tried.get(name) ?? bytes);
    const [own, other] = [sizeOf(name), sizeOf(beyond)];
    const gzipped = own.gzipped - other.gzipped;
    console.log(`${line(name, own.minified - other.minified, gzipped, budget, goal)}  ${what}`);
    if (tried.has("--parts")) printParts(own.parts, other.parts);
    if (gzipped > budget) over.push(`${name} is ${bytesText(gzipped - budget)} over its budget of ${budget}.`);
  }
  if (over.length > 0) throw new Stop(`${over.join("\n")}\nWhat each file takes: npm run sizes -- --parts`);
});

/** @typedef {import("./lib/bundle-sizes.js").Size["parts"]} Parts */

/**
 * @param {Parts} parts
 * @param {Parts} without
 */
function printParts(parts, without) {
  for (const { file, bytes } of parts) {
    if (without.every((other) => other.file !== file)) console.log(`${String(bytes).padStart(COUNT_WIDTH)}  ${file}`);
  }
}

/**
 * @param {string} name
 * @param {readonly (string | number)[]} counts
 */
function line(name, ...counts) {
  return name.padEnd(NAME_WIDTH) + counts.map((count) => String(count).padStart(COUNT_WIDTH)).join("");
}

/** @param {number} count */
function bytesText(count) {
  return count === 1 ? "1 byte" : `${count} bytes`;
}
