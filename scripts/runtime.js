/** `node scripts/runtime.js bun|deno`: prints where that runtime is, after npm has brought it into .cache. */
import { bringRuntime } from "./lib/npm-program.js";
import { script } from "./lib/phases.js";

await script(async () => console.log(await bringRuntime(process.argv[2] ?? "")));
