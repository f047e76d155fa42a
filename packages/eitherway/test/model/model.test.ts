/**
 * Thousands of random runs of the whole server against a model of it: real broker, hub, transports and router over connections in
 * memory, with a false clock. A failure prints its seed and the shortest run that fails.
 *
 * `EITHERWAY_MODEL_SEED` repeats a seed. `EITHERWAY_MODEL_RUNS` makes fewer runs; then the counts are not asked to be high.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createTally } from "../support/tally.ts";
import { ACTIONS, commandsUpTo } from "./commands.ts";
import type { TallyGroup } from "./tally.ts";
import { createWorld } from "./world.ts";

const RUNS = 10_000;
/** 40 on average. */
const MOST_COMMANDS = 79;
/** Fewer of anything would say little about it. */
const LEAST_OF_EACH = 500;
const SEED_BELOW = 2 ** 31;
/** The runs take a minute and a half of one core; this is for machines that are slow or busy. */
const LIMIT_MS = 600_000;

const DEMANDED: Readonly<Partial<Record<TallyGroup, readonly string[]>>> = {
  command: ACTIONS,
  transition: [
    "reading -> live",
    "live -> lagging",
    "lagging -> live",
    "reading -> lagging",
    "reading -> ended",
    "live -> ended",
    "lagging -> ended",
  ],
  gap: ["trimmed", "epoch", "unknown"],
  trim: ["by number", "by bytes", "by age", "of a spared entry"],
};

test(
  "keeps its promises in random runs of publishes, cuts, switches, slow readers, trims and re-creations over websocket, sse and poll (P1, P2, P3, P4, P5, P6)",
  async () => {
    const seed = numberOf("EITHERWAY_MODEL_SEED") ?? Date.now() % SEED_BELOW;
    const numRuns = numberOf("EITHERWAY_MODEL_RUNS") ?? RUNS;
    console.log(`model: seed ${seed}, ${numRuns} runs`);
    const tally = createTally<TallyGroup>();
    const run = fc.asyncProperty(commandsUpTo(MOST_COMMANDS), async (commands) => {
      const world = createWorld(tally);
      for (const command of commands) await world.step(command);
      await world.finish();
    });
    await fc.assert(run, { seed, numRuns });
    console.log(tally.table(["command", "transition", "gap", "trim", "outcome"]));
    if (numRuns < RUNS) return;
    for (const [group, names] of Object.entries(DEMANDED)) {
      for (const name of names) {
        expect.soft(tally.of(group as TallyGroup, name), `${group} ${name}`).toBeGreaterThanOrEqual(LEAST_OF_EACH);
      }
    }
  },
  LIMIT_MS,
);

function numberOf(variable: string): number | undefined {
  const text = process.env[variable];
  return text ? Number(text) : undefined;
}
