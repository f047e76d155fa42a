/**
 * `npm run test:long`: the random walks and the fuzzing many times as long, each with a seed of its own, and the instrument against itself many times,
 * for whoever changed what they walk through or measure.
 */
import { phase, Stop, script } from "./lib/phases.js";
import { runTool } from "./lib/process.js";

/** About 3 minutes. */
process.env.EITHERWAY_WALK_RUNS ??= "5000";
/** About 5 minutes. */
process.env.EITHERWAY_MODEL_RUNS ??= "50000";
/** About 7 minutes. */
process.env.EITHERWAY_FUZZ_BYTES ??= "10000000";
/** To each parser, and to the doors of a server as requests and as frames. About 20 minutes. */
process.env.EITHERWAY_FUZZ_INPUTS ??= "1000000";
/** Of each kind. About 8 minutes. */
process.env.EITHERWAY_ATTACK_CONNECTIONS ??= "50000";
/** Of each kind, as long as `compare --quick`. About 20 minutes, on a machine that does nothing else. */
process.env.EITHERWAY_COMPARE_RUNS ??= "20";
/** About 3 minutes. */
process.env.EITHERWAY_KILLS ??= "200";
/** About 3 minutes. */
process.env.EITHERWAY_REDIS_DIALECTS ??= "all";
/** As it says, and what failures add. */
process.env.EITHERWAY_NODES_MINUTES ??= "6";
/** About 3 minutes. */
process.env.EITHERWAY_OUTAGES ??= "all";

const LONG = {
  "walks of the client": "packages/eitherway/test/client/walk",
  "walks of the server": "packages/eitherway/test/model",
  "mutated WebSocket frames": "packages/eitherway/test/transports/websocket-fuzz",
  "mutated inputs of every parser": "packages/eitherway/test/fuzz",
  "floods of connections": "packages/eitherway/test/attacks/floods",
  "kill -9 of a store under load": "packages/eitherway/test/file/kill",
  "every transport over every kind of Redis": "packages/eitherway/test/redis/transport-suite",
  "1,500 clients on three nodes": "packages/eitherway/test/deploy/many-clients",
  "what each failure does to users": "packages/eitherway/test/deploy/outages",
  "honesty of compare": "packages/eitherway/test/compare/honesty",
};

await script(async () => {
  for (const [title, folder] of Object.entries(LONG)) {
    await phase(title, async () => {
      const { code } = await runTool("vitest", "vitest", ["run", "--testTimeout=1200000", folder], { live: true });
      if (code !== 0) throw new Stop(`${title}: something was found; the seed or the counts stand above.`);
    });
  }
});
