import { describe, expect, it } from "vitest";
import { findRoundTrip, findWhatHurts, type Observed } from "../../src/instrument/index.ts";

const SIDE = { id: "ws", name: "WebSocket" };
const CLEAN: Observed = {
  side: SIDE,
  rounds: rounds(20, () => Array.from({ length: 20 }, (_, number) => 1 + (number % 3) / 10)),
  everyMs: 2,
  gathers: false,
  losses: { sent: 400, lost: 0, doubled: 0, failed: 0 },
};

function rounds(count: number, make: (round: number) => readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, round) => make(round));
}

/** Every so many rounds the last messages wait for the end of a stall. */
function stalling(everyRounds: number, ms: number): readonly (readonly number[])[] {
  return rounds(20, (round) =>
    Array.from({ length: 20 }, (_, number) => (round % everyRounds === 0 && number > 10 ? ms - 2 * (number - 11) : 1)),
  );
}

const namesOf = (observed: Partial<Observed>): readonly string[] =>
  findWhatHurts({ ...CLEAN, ...observed }).map(({ id }) => id);

describe("what hurts", () => {
  it("is nothing where nothing does", () => {
    expect(namesOf({})).toEqual([]);
    expect(namesOf({ rounds: [] })).toEqual([]);
  });

  it("is a stall where messages wait long in more than a few rounds, with p99 by p50", () => {
    const [found] = findWhatHurts({ ...CLEAN, rounds: stalling(4, 200) });
    expect(found).toMatchObject({ id: "stalls", side: "ws", value: 200 });
    expect(found?.says).toMatch(/^WebSocket: messages stall in 5 of 20 rounds; .* 200\.0 times p50 \(1 ms\)/);
  });

  it("is no stall where it is rare, short, or what the ends' own pauses explain", () => {
    expect(namesOf({ rounds: stalling(10, 200) })).toEqual([]);
    expect(namesOf({ rounds: stalling(4, 90) })).toEqual([]);
    const pausesMs = CLEAN.rounds.map((_, round) => (round % 4 === 0 ? 60 : 0));
    expect(namesOf({ rounds: stalling(4, 200), pausesMs })).toEqual([]);
    expect(namesOf({ rounds: stalling(4, 300), pausesMs })).toEqual(["stalls"]);
  });

  it("is a stall as well where it is answers that wait", () => {
    expect(namesOf({ answers: stalling(4, 200) })).toEqual(["stalls"]);
  });

  it("is a buffer where all arrive together, with the time that the first one waited beyond what the way takes", () => {
    const held = rounds(20, () => Array.from({ length: 20 }, (_, number) => 251 - 2 * number));
    expect(findWhatHurts({ ...CLEAN, rounds: held, baseMs: 1 })).toMatchObject([{ id: "buffering", value: 250 }]);
    expect(namesOf({ rounds: held, baseMs: 1, gathers: true })).toEqual([]);
  });

  it("is a buffer where single messages pass and the end of a burst waits for more, by as much as it waits", () => {
    const bursts = (endMs: number) =>
      rounds(20, () => Array.from({ length: 40 }, (_, number) => (number < 35 ? 5 : endMs)));
    expect(findWhatHurts({ ...CLEAN, bursts: bursts(800) })).toMatchObject([{ id: "buffering", value: 800 }]);
    expect(namesOf({ bursts: bursts(800), gathers: true })).toEqual([]);
    expect(namesOf({ bursts: bursts(100) })).toEqual([]); // it queued
  });

  it("is what did not arrive, came twice, or failed", () => {
    const losses = { sent: 400, lost: 2, doubled: 1, failed: 1, failure: "the socket closed (1006)" };
    expect(findWhatHurts({ ...CLEAN, losses }).map(({ says }) => says)).toEqual([
      "WebSocket: 2 of 400 messages had not come within 3 s of the last one.",
      "WebSocket: 1 of 400 messages came twice. That is a defect; please report it.",
      "WebSocket: 1 measurement came to nothing: the socket closed (1006)",
    ]);
  });
});

describe("the round trip", () => {
  it("is what the quickest publishes of the quickest rounds take, and is told where somebody feels it", () => {
    const far = rounds(21, (round) => [90 + round, 80 + round, 120 + round]);
    expect(findRoundTrip(SIDE, far)).toMatchObject([{ id: "round-trip", side: "ws", value: 82 }]);
    expect(findRoundTrip(SIDE, [[14], [14.9]])).toEqual([]);
    expect(findRoundTrip(SIDE, [[], []])).toEqual([]);
  });
});
