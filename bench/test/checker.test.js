/** The load generator notices whatever a server does wrong with one message: the benchmark flatters nobody. */
import { beforeAll, expect, test } from "vitest";
import { limitServer } from "../lib/limit-server.js";
import { compilePrograms } from "../lib/native.js";
import { runRound } from "../lib/run-cell.js";
import { SCENARIOS } from "../scenarios.js";

/** @typedef {"drop" | "repeat" | "swap" | "stray"} Fault */

const TURNS = /** @type {const} */ (["turn", "message"]);
const TRANSPORTS = /** @type {const} */ (["websocket", "sse"]);
/** @type {readonly (readonly [Fault, RegExp])[]} */
const FAULTS = [
  ["drop", /message 26 came after 24/],
  ["repeat", /message 25 came after 25/],
  ["swap", /message 26 came after 24/],
  ["stray", /channel 00001 reached a link that is not subscribed/],
];
/** @type {readonly (readonly [string, Fault, RegExp])[]} */
const RELAY_FAULTS = [
  ["a message that one member does not get", "drop", /came after/],
  ["a message that one member gets twice", "repeat", /came after/],
  ["a message that reaches another room", "stray", /reached a link that is not subscribed/],
];

beforeAll(compilePrograms);

/**
 * @param {string} name of a scenario, of which the variant that has 10 messages at once is played, or the last one
 * @param {{ mode: "turn" | "message", fault?: Fault, transport: "websocket" | "sse" }} options
 */
function play(name, { mode, fault, transport }) {
  const peer = limitServer({ name: "c", title: "C", mode, fault });
  const scenario = SCENARIOS.find((one) => one.name === name);
  const variant = scenario?.variants[1];
  const dialect = peer.dialects[transport];
  if (!scenario || !variant || !dialect) throw new Error("There is no such scenario.");
  return runRound({ kind: scenario.kind, variant, size: scenario.smoke, peer, dialects: [dialect], loose: true });
}

/** @param {number} frozen links that never read */
function playHeld(frozen) {
  const peer = limitServer({ name: "c", title: "C", mode: "turn" });
  const dialect = peer.dialects.websocket;
  if (!dialect) throw new Error("There is no such transport.");
  const variant = { name: "fast", rate: 4_000, frozen }; // half a megabyte a second
  return runRound({
    kind: "steady",
    variant,
    size: { links: 1, warmupMs: 50, windowMs: 900 },
    peer,
    dialects: [dialect],
    loose: true,
  });
}

test("a link that never reads is one for which the server has to hold bytes, and they are seen", async () => {
  const round = await playHeld(1);
  expect(round.void).toBeUndefined();
  expect(round.held).toBeGreaterThan(65_536);
  expect((await playHeld(0)).held).toBeLessThan(65_536);
});

for (const mode of TURNS) {
  for (const transport of TRANSPORTS) {
    test(`a server that sends all once and in order gets figures (${transport}, one send a ${mode})`, async () => {
      const round = await play("fan-out", { mode, transport });
      expect(round.void).toBeUndefined();
      expect(round.deliveries).toBeGreaterThan(0);
      expect(round.cpuS).toBeGreaterThan(0);
    });

    for (const [fault, words] of FAULTS) {
      test(`a ${fault} of one message makes the run void (${transport}, one send a ${mode})`, async () => {
        const round = await play("fan-out", { mode, fault, transport });
        expect(round.void).toMatch(words);
      });
    }
  }

  test(`relays that deliver and acknowledge all get figures (one send a ${mode})`, async () => {
    const round = await play("relay", { mode, transport: "websocket" });
    expect(round.void).toBeUndefined();
    expect(round.deliveries).toBeGreaterThan(0);
  });

  for (const [what, fault, words] of RELAY_FAULTS) {
    test(`${what} makes the run void (one send a ${mode})`, async () => {
      const round = await play("relay", { mode, fault, transport: "websocket" });
      expect(round.void).toMatch(words);
    });
  }
}
