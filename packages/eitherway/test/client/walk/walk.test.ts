/**
 * Random walks of a whole client against a whole server: real transports, outbox and channels over a network in memory, with a false
 * clock. After every step, and where it says so at the end:
 *
 *  1. A listener hears the messages of a channel in order, once, as they are stored; what is missing was declared, and rightly.
 *  2. A cursor is where the handlers have come to, and not ahead while they run.
 *  3. Ids join up: `status.holes` is 0.
 *  4. One link is in use, and what any other one carries is not delivered; besides it there is at most one probe, of a better
 *     transport. No connection is open that no link has, and none while the page is put away. One batch of commands is on its way.
 *  5. A publish has one outcome: an id that names its content, stored once and in the order of the calls; or an error that says why,
 *     and then nothing is stored, unless it says that nobody knows. In the end each has one.
 *  6. A key is applied once by each server (P5).
 *  7. The client's timers are few, and none is left after `close()`.
 *  8. Without a reason from outside, attempts keep pauses, and no attempt comes before the time that the server named.
 *  9. When all is well again, everything is delivered soon, and the best transport is in use within the longest interval of probes.
 * 10. Status and timeline name the transport in use, and the timeline is bounded.
 * 11. Nothing in a walk is a reason to stop for good.
 * 12. When the client has gone, the server has no link and no subscription of it.
 *
 * A failure prints its seed and the shortest walk that fails. `EITHERWAY_WALK_SEED` repeats a seed; `EITHERWAY_WALK_RUNS` makes more
 * walks, or fewer: then the counts are not asked to be high.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createTally } from "../../support/tally.ts";
import { walksUpTo } from "./actions.ts";
import { createWorld } from "./world.ts";

const RUNS = 300;
const MOST_ACTIONS = 80;
/** Far above what it takes; for machines that are slow or busy. */
const LIMIT_MS = 600_000;

/** Walks that never get anywhere would keep every invariant. Well below what they meet, since they are other ones each time. */
const DEMANDED: Readonly<Record<string, number>> = {
  "open over websocket": 100,
  "open over sse": 60,
  "open over poll": 40,
  "used what worked": 40,
  "failed over": 40,
  "won a race": 8,
  demoted: 1,
  promoted: 25,
  "asleep -> connecting": 25,
  "waiting -> connecting": 150,
  "open -> waiting": 60,
  "connections cut": 100,
  "connections half-open": 15,
  message: 2_000,
  live: 400,
  "gap epoch": 25,
  "gap trimmed": 8,
  "gap unknown": 1,
  "subscription refused for now": 15,
  "handler that throws": 8,
  "publish stored": 600,
  "publish outcome-unknown": 30,
  "publish closed": 40,
  "publish unavailable": 5,
  "publish AbortError": 5,
  "key that was known": 20,
};

test(
  "a client never loses its place on random walks of cut, half-open, buffering proxy, delay and server restart over websocket, sse and poll (P1, P2, P3, P5)",
  async () => {
    const numRuns = Number(process.env.EITHERWAY_WALK_RUNS || RUNS);
    const seed = process.env.EITHERWAY_WALK_SEED;
    const tally = createTally<"action" | "seen">();
    const property = fc.asyncProperty(walksUpTo(MOST_ACTIONS), async (walk) => {
      const world = createWorld(walk, tally);
      for (const action of walk.actions) await world.step(action);
      await world.finish();
    });
    await fc.assert(property, { numRuns, ...(seed && { seed: Number(seed) }) });
    console.log(tally.table(["action", "seen"]));
    if (numRuns < RUNS) return;
    for (const [what, least] of Object.entries(DEMANDED)) {
      expect.soft(tally.of("seen", what), what).toBeGreaterThanOrEqual(least);
    }
  },
  LIMIT_MS,
);
