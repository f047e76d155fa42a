/** A goal is only met, or not, where the rounds leave no doubt. */
import { describe, expect, test } from "vitest";
import { GOALS } from "../lib/goals.js";
import { judge } from "../lib/judge.js";
import { PEERS } from "../lib/peers.js";
import { SCENARIOS } from "../scenarios.js";
import { cell, results, skippedCell } from "./made-up.js";

const LONE = "fan-out / 1 a turn / websocket";

/** @param {string} id */
function goal(id) {
  const found = GOALS.find((one) => one.id === id);
  if (!found) throw new Error(`There is no goal ${id}.`);
  return found;
}

/**
 * @param {readonly import("./made-up.js").RoundFacts[]} ours
 * @param {readonly import("./made-up.js").RoundFacts[]} theirs
 */
function judgeLone(ours, theirs) {
  const id = "fan-out-1-a-turn-websocket-uws"; // at most 1.1, stretch 0.95
  return judge(goal(id), results([cell(`${LONE} / eitherway`, ours), cell(`${LONE} / uws`, theirs)]));
}

/** @param {readonly number[]} us */
const rounds = (...us) => us.map((one) => ({ us: one }));

test("every goal has an id of its own and names cells that the benchmark has", () => {
  expect(new Set(GOALS.map(({ id }) => id)).size).toBe(GOALS.length);
  for (const { id, of, over, noiseOf } of GOALS) {
    for (const place of [...of, ...over, ...(noiseOf ? [noiseOf] : [])]) {
      const scenario = SCENARIOS.find(({ name }) => name === place.scenario);
      const peer = PEERS.find(({ name }) => name === place.peer);
      expect(
        scenario?.variants.map(({ name }) => name),
        id,
      ).toContain(place.variant);
      expect(scenario?.dialects, id).toContain(place.dialect);
      expect(scenario?.peers ?? [place.peer], id).toContain(place.peer);
      expect(peer?.dialects[place.dialect], id).toBeDefined();
    }
  }
});

describe("ratios", () => {
  test("are made of rounds of the same number, so that a machine that drifts changes nothing", () => {
    const { measured, verdict } = judgeLone(rounds(10, 20, 40), rounds(10, 20, 40));
    expect(measured).toMatchObject({ median: 1, low: 1, high: 1, rounds: 3 });
    expect(verdict).toBe("met");
  });

  test("are met where every round is within the goal", () => {
    expect(judgeLone(rounds(10, 10.9, 9.9), rounds(10, 10, 10)).verdict).toBe("met");
  });

  test("are not met where every round is outside", () => {
    expect(judgeLone(rounds(12, 11.1, 13), rounds(10, 10, 10)).verdict).toBe("not met");
  });

  test("have no verdict where the rounds lie on both sides of the goal, whatever the median says", () => {
    const judged = judgeLone(rounds(9, 9, 12), rounds(10, 10, 10));
    expect(judged.measured?.median).toBe(0.9);
    expect(judged).toMatchObject({ verdict: "no verdict", because: "the rounds lie on both sides of the goal" });
  });

  test("have no verdict with two rounds, and show them", () => {
    const judged = judgeLone(rounds(9, 9), rounds(10, 10));
    expect(judged).toMatchObject({ verdict: "no verdict", because: "2 of at least 3 clean rounds" });
    expect(judged.measured?.median).toBe(0.9);
  });

  test("leave out rounds in which either of the two was contended", () => {
    const contended = { us: 50, clean: false };
    const judged = judgeLone([...rounds(9, 9, 9), contended], rounds(10, 10, 10, 10));
    expect(judged).toMatchObject({ verdict: "met", measured: { high: 0.9, rounds: 3 } });
    expect(judgeLone(rounds(9, 9, 9), [contended, ...rounds(10, 10)]).verdict).toBe("no verdict");
  });

  test("have no verdict where all rounds were contended", () => {
    const contended = { us: 5, clean: false };
    const judged = judgeLone([contended, contended, contended], rounds(10, 10, 10));
    expect(judged).toMatchObject({ verdict: "no verdict", because: expect.stringContaining("other programs") });
  });

  test("have a verdict on the stretch goal too", () => {
    expect(judgeLone(rounds(9, 9, 9), rounds(10, 10, 10)).stretch).toBe("met");
    expect(judgeLone(rounds(10, 10, 10), rounds(10, 10, 10)).stretch).toBe("not met");
    expect(judgeLone(rounds(9, 10, 10), rounds(10, 10, 10)).stretch).toBe("no verdict");
  });
});

describe("what is missing", () => {
  test("is not measured where the other one could not run, and says why", () => {
    const all = results([cell(`${LONE} / eitherway`, rounds(1, 1, 1)), skippedCell(`${LONE} / uws`, "no binary")]);
    const judged = judge(goal("fan-out-1-a-turn-websocket-uws"), all);
    expect(judged).toMatchObject({ verdict: "not measured", because: "uws: no binary" });
  });

  test("is not measured where the run did not have it", () => {
    const judged = judge(goal("growth-subscribers"), results([]));
    expect(judged).toMatchObject({ verdict: "not measured", because: expect.stringContaining("not in this run") });
  });

  test("of an attached server is judged by that one's own rounds, and by none that are void", () => {
    const storm = "storm / 50 at once / websocket";
    const judged = (/** @type {Parameters<typeof cell>[1]} */ attached) => {
      const cells = [cell(`${storm} / eitherway`, rounds(9, 9, 9)), cell(`${storm} / ws`, rounds(9, 9, 9))];
      const all = results([...cells, cell(`${storm} / eitherway-attached`, attached)]);
      return judge(goal("storm-50-at-once-websocket-ws-attached"), all).verdict;
    };
    expect(judged(rounds(5, 5, 5))).toBe("met");
    expect(judged(rounds(9, 9, 9))).toBe("not met");
    expect(judged([...rounds(5, 5, 5), { void: "message 26 came after 24" }])).toBe("no verdict");
  });

  test("a void round of ours leaves no verdict, however good the others are", () => {
    const judged = judgeLone([...rounds(1, 1, 1), { void: "message 26 came after 24" }], rounds(10, 10, 10, 10));
    expect(judged).toMatchObject({ verdict: "no verdict", because: expect.stringContaining("26 came after 24") });
  });

  test("a void round of another one is left out", () => {
    const judged = judgeLone(rounds(9, 9, 9, 9), [{ void: "cut" }, ...rounds(10, 10, 10)]);
    expect(judged).toMatchObject({ verdict: "met", measured: { rounds: 3 } });
  });
});

describe("other goals", () => {
  test("bytes of a delivery are judged by themselves", () => {
    const id = "fan-out-1-a-turn-websocket-bytes"; // at most 222
    const withBytes = (/** @type {number} */ bytes) => ({ bytes, deliveries: 1 });
    const judged = (/** @type {number} */ bytes) =>
      judge(goal(id), results([cell(`${LONE} / eitherway`, [bytes, bytes, bytes].map(withBytes))])).verdict;
    expect(judged(217)).toBe("met");
    expect(judged(223)).toBe("not met");
  });

  test("idle links need only the two rounds that their scenario has", () => {
    const idle = "idle / 15,000 links / websocket";
    const all = results([
      cell(`${idle} / eitherway`, [{ rssPerLink: 4_000 }, { rssPerLink: 4_100 }]),
      cell(`${idle} / ws`, [{ rssPerLink: 6_000 }, { rssPerLink: 6_000 }]),
    ]);
    expect(judge(goal("idle-15-000-links-websocket-ws"), all).verdict).toBe("met");
    const stretch = judge(goal("idle-15-000-links-websocket-memory"), all);
    expect(stretch).toMatchObject({ verdict: "not met", stretch: "not met" });
    expect(stretch.atMost).toBeUndefined();
  });

  test("growth is measured against the C server at both ends, and has to be flat both ways", () => {
    const judged = (/** @type {number} */ many) => {
      const all = results([
        cell("growth / 100 subscribers / websocket / eitherway", rounds(5, 5, 5)),
        cell("growth / 100 subscribers / websocket / c", rounds(4, 4, 4)),
        cell("growth / 10,000 subscribers / websocket / eitherway", rounds(many, many, many)),
        cell("growth / 10,000 subscribers / websocket / c", rounds(8, 8, 8)),
      ]);
      return judge(goal("growth-subscribers"), all);
    };
    expect(judged(10)).toMatchObject({ verdict: "met", measured: { median: 1 } });
    expect(judged(13).verdict).toBe("not met");
    expect(judged(7).verdict).toBe("not met");
  });

  describe("a frozen client", () => {
    const none = [10, 11, 12, 10, 11, 12, 10, 11, 12]; // spread: 2 of 11
    const FULL = 65_560; // limit `linkBytes`, and a part of a run

    /**
     * @param {string} what
     * @param {readonly number[]} with1 p99 of the others
     * @param {readonly (number | undefined)[]} [held] most bytes for the frozen one
     */
    function judgeFrozen(what, with1, held = with1.map(() => FULL)) {
      const place = (/** @type {string} */ variant) => `frozen / ${variant} / websocket / eitherway`;
      const all = results([
        cell(
          place("none frozen"),
          none.map((p99Ms) => ({ p99Ms })),
        ),
        cell(
          place("one frozen"),
          with1.map((p99Ms, round) => ({ p99Ms, held: held[round] })),
        ),
      ]);
      return judge(goal(`frozen-one-frozen-websocket-${what}`), all);
    }

    test("may change the others' p99 by less than it is spread without it", () => {
      const judged = judgeFrozen(
        "p99",
        none.map((ms) => ms * 1.1),
      );
      expect(judged).toMatchObject({ verdict: "met", atMost: 1 + 2 / 11 });
    });

    test("may not change it by more", () => {
      const judged = judgeFrozen(
        "p99",
        none.map((ms) => ms * 1.3),
      );
      expect(judged.verdict).toBe("not met");
    });

    test("may make the server hold its limit and the run that reached it, and no more", () => {
      expect(judgeFrozen("held", none)).toMatchObject({ verdict: "met", measured: { median: FULL, rounds: 9 } });
      const over = none.map(() => 70_000);
      expect(judgeFrozen("held", none, over).verdict).toBe("not met");
      expect(judgeFrozen("held", none, [...over.slice(1), FULL]).verdict).toBe("no verdict");
    });

    test("shows nothing where the kernel took all that was sent to it", () => {
      const held = none.map(() => 0);
      const judged = judgeFrozen("held", none, held);
      expect(judged).toMatchObject({
        verdict: "not shown",
        because: expect.stringContaining("0 of at least 9 rounds"),
      });
      expect(judgeFrozen("p99", none, held).verdict).toBe("not shown");
    });

    test("shows nothing where the limit was not reached, or nobody knows what was held", () => {
      const nearly = none.map(() => 65_535);
      expect(judgeFrozen("held", none, nearly)).toMatchObject({ verdict: "not shown", measured: { median: 65_535 } });
      const unknown = none.map(() => undefined);
      expect(judgeFrozen("held", none, unknown).verdict).toBe("not shown");
      expect(judgeFrozen("p99", none, unknown).verdict).toBe("not shown");
    });

    test("is judged by the rounds in which the limit was reached, of which there have to be nine", () => {
      expect(judgeFrozen("p99", none.slice(1)).verdict).toBe("not shown");
      const eight = none.map((_, round) => (round === 4 ? 0 : FULL));
      expect(judgeFrozen("held", none, eight).verdict).toBe("not shown");
      expect(judgeFrozen("held", [...none, 10], [...eight, FULL])).toMatchObject({
        verdict: "met",
        measured: { low: FULL, rounds: 9 },
      });
    });
  });
});
