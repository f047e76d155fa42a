/** The load generator notices whatever a server does wrong with one message: the benchmark flatters nobody. */
import { beforeAll, expect, test } from "vitest";
import { limitServer } from "../lib/limit-server.js";
import { compilePrograms } from "../lib/native.js";
import { runRound } from "../lib/run-cell.js";
import { SCENARIOS } from "../scenarios.js";

const TURNS = /** @type {const} */ (["turn", "message"]);
const TRANSPORTS = /** @type {const} */ (["websocket", "sse"]);
const FAULTS = /** @type {const} */ ([
  ["drop", /message 26 came after 24/],
  ["repeat", /message 25 came after 25/],
  ["swap", /message 26 came after 24/],
]);

beforeAll(compilePrograms);

/**
 * @param {{ mode: "turn" | "message", fault?: "drop" | "repeat" | "swap", transport: "websocket" | "sse" }} options
 */
function play({ mode, fault, transport }) {
  const peer = limitServer({ name: "c", title: "C", mode, fault });
  const scenario = SCENARIOS.find(({ name }) => name === "fan-out");
  const variant = scenario?.variants[1];
  const dialect = peer.dialects[transport];
  if (!scenario || !variant || !dialect) throw new Error("There is no such scenario.");
  return runRound({ kind: scenario.kind, variant, size: scenario.smoke, peer, dialect });
}

for (const mode of TURNS) {
  for (const transport of TRANSPORTS) {
    test(`a server that sends all once and in order gets figures (${transport}, one send a ${mode})`, async () => {
      const round = await play({ mode, transport });
      expect(round.void).toBeUndefined();
      expect(round.deliveries).toBeGreaterThan(0);
      expect(round.cpuS).toBeGreaterThan(0);
    });

    for (const [fault, words] of FAULTS) {
      test(`a ${fault} of one message makes the run void (${transport}, one send a ${mode})`, async () => {
        const round = await play({ mode, fault, transport });
        expect(round.void).toMatch(words);
      });
    }
  }
}
