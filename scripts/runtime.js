/** `node scripts/runtime.js bun|deno|next`: prints where that program is, after npm has brought it into .cache. */
import { bringNext, bringRuntime } from "./lib/npm-program.js";
import { script } from "./lib/phases.js";

const [, , name = ""] = process.argv;
await script(async () => console.log(await (name === "next" ? bringNext() : bringRuntime(name))));
