/** `npm run build`: everything that is out of date, nothing else. */
import { build } from "./lib/build.js";
import { script } from "./lib/phases.js";

await script(build);
