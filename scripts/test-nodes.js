/** `npm run test:nodes [major ...]`: unit and transport tests on the other Node majors. */
import { OTHER_MAJORS, testOnNode } from "./lib/other-nodes.js";
import { phase, script } from "./lib/phases.js";

const asked = process.argv.slice(2).map(Number);

await script(async () => {
  for (const major of asked.length > 0 ? asked : OTHER_MAJORS) {
    await phase(`tests on Node ${major}`, () => testOnNode(major, { live: true }));
  }
});
