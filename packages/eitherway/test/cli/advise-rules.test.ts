import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advise, complete, type Given, recommendations } from "../../src/cli/advise/advise.ts";
import { HOSTINGS, hostingOf, NO_HOSTING } from "../../src/cli/advise/hosting.ts";
import type { Measured } from "../../src/cli/advise/measured.ts";
import { PROXIES } from "../../src/cli/advise/proxies.ts";
import {
  type Answers,
  type NumberQuestion,
  QUESTIONS,
  questionOf,
  stepsOf,
  valueAt,
  withAnswer,
} from "../../src/cli/advise/questions.ts";
import { decide, RULES, type Way } from "../../src/cli/advise/rules.ts";
import { situationOf } from "../../src/cli/advise/situation.ts";
import { USE_CASES } from "../../src/cli/advise/use-cases.ts";
import { FACTS } from "../../src/cli/facts.ts";
import { givens, measurements } from "./advise-support.ts";

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const today = new Date().toISOString().slice(0, 10);

/** What the rules alone say. */
function wayOf(answers: Answers, measured?: Measured): Way {
  return decide(situationOf(answers, measured, FACTS)).advises;
}

const measuredOrNot = fc.option(measurements, { nil: undefined });
const RUNS = { seed: 5, numRuns: 300 };

describe("an advice", () => {
  test("is given for every answer, and the same one for the same answers", () => {
    fc.assert(
      fc.property(givens, measuredOrNot, (given, measured) => {
        const advice = advise(given, measured);
        expect(RULES.map(({ id }) => id)).toContain(advice.rule);
        expect([advice.because, ...advice.cautions].join(" ")).not.toMatch(/undefined|NaN|Infinity/);
        expect(advise(given, measured)).toEqual(advice);
      }),
      RUNS,
    );
  });

  test("says what changes it: the flip does, the step before it does not", () => {
    fc.assert(
      fc.property(givens, measuredOrNot, ({ answers, assumed }, measured) => {
        const { advises, flips } = advise({ answers, assumed }, measured);
        const of = (changed: Answers) => wayOf(changed, measured);
        for (const flip of flips) {
          expect(flip.advises).not.toBe(advises);
          expect(of(withAnswer(answers, flip.question, flip.to))).toBe(flip.advises);
          if (flip.change === "becomes") continue;
          const { unit } = questionOf(flip.question) as NumberQuestion;
          expect(of(withAnswer(answers, flip.question, flip.at))).toBe(advises);
          expect(stepsOf(unit, Number(flip.to)) - stepsOf(unit, Number(flip.at))).toBe(
            flip.change === "above" ? 1 : -1,
          );
        }
      }),
      { ...RUNS, numRuns: 100 },
    );
  });

  test("leaves no change out: where it names none, nothing changes it", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(givens, share, ({ answers, assumed }, place) => {
        const { advises, flips } = advise({ answers, assumed });
        for (const question of QUESTIONS) {
          if (question.kind !== "number") continue;
          const own = flips.filter((flip) => flip.question === question.id);
          const low = Number(own.find(({ change }) => change === "below")?.at ?? question.min);
          const high = Number(own.find(({ change }) => change === "above")?.at ?? question.max);
          const value = valueAt(question.unit, stepsOf(question.unit, low + place * (high - low)));
          expect(wayOf(withAnswer(answers, question.id, value))).toBe(advises);
        }
      }),
      { ...RUNS, numRuns: 100 },
    );
  });
});

test("a change that is undone further away is found as well", () => {
  const { advises, flips } = advise(complete({}), slowStream);
  expect([advises, wayOf(complete({ latency: 1 }).answers, slowStream)]).toEqual(["sse", "sse"]);
  expect(flips).toContainEqual({ question: "latency", change: "below", at: 400, to: 399, advises: "websocket" });
});

/** Measured, with an event stream that is held back. */
const held: Measured = { where: "a proxy", says: [], paths: { sse: { heldBackMs: 5_000 } } };
const slowStream: Measured = {
  where: "far away",
  says: [],
  paths: { sse: { roundTripMs: 400 }, websocket: { roundTripMs: 150 } },
};

const REACHED: Readonly<Record<string, readonly [Partial<Answers>, Measured?]>> = {
  "media-down": [{ carries: "media", direction: "down" }],
  "media-talk": [{ carries: "media" }],
  "files-peer": [{ carries: "files", direction: "peer" }],
  files: [{ carries: "files" }],
  peers: [{ direction: "peer", group: 4 }],
  rare: [{ staleness: 60_000, downstream: 0.01, upstream: 0 }],
  crowd: [{ audience: 100_000, staleness: 10_000, upstream: 0 }],
  "nothing-open": [{ hosting: "aws-apigw" }, held],
  "no-websocket": [{ hosting: "aws-apigw", upstream: 20 }],
  "no-stream": [{ hosting: "azure-front-door" }],
  upstream: [{ upstream: 1.1 }],
  binary: [{ binary: 21 }],
  "measured-latency": [{ latency: 200 }, slowStream],
  tabs: [{ tabs: 6 }],
  "react-native": [{ platform: "react-native" }],
  stream: [{}],
};

describe("rules", () => {
  test.each(RULES.map(({ id }) => id))("%s is reached", (id) => {
    const [answers, measured] = REACHED[id] ?? [{}];
    expect(advise(complete(answers), measured).rule).toBe(id);
  });

  test("each has an id, a source and a date; so has each use case and each proxy; old ones are named", () => {
    const sourced = [...RULES, ...USE_CASES, ...PROXIES];
    expect(sourced.flatMap(faultsOf)).toEqual([]);
    for (const all of [RULES, USE_CASES, PROXIES]) expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const old = sourced.filter(({ date }) => Date.parse(date) < Date.now() - YEAR_MS);
    if (old.length > 0) console.warn(`Older than a year: ${old.map(({ id, date }) => `${id} (${date})`).join(", ")}`);
  });

  test("one without source or date is found", () => {
    expect(faultsOf({ id: "x", source: "http://somewhere", date: "2099-01-01" })).toEqual([
      "x lacks a source that one can open",
      "x lacks a date that has been",
    ]);
  });
});

function faultsOf({ id, source, date }: { id: string; source: string; date: string }): string[] {
  return [
    ...(/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id) ? [] : [`${id} lacks an id of words`]),
    ...(URL.canParse(source) && new URL(source).protocol === "https:"
      ? []
      : [`${id} lacks a source that one can open`]),
    ...(/^20\d\d-\d\d-\d\d$/.test(date) && date <= today ? [] : [`${id} lacks a date that has been`]),
  ];
}

describe("hosting", () => {
  test("has a choice for every fact about what stands in between, and facts for every choice", () => {
    const inside = new Set(["Browsers and phones", "Compression and bytes"]);
    const strays = FACTS.filter((fact) => (hostingOf(fact) === undefined) !== inside.has(fact.about));
    expect(strays.map(({ id }) => id)).toEqual([]);
    const known = new Set(FACTS.map(hostingOf));
    expect(HOSTINGS.map(({ id }) => id).filter((id) => id !== NO_HOSTING && !known.has(id))).toEqual([]);
  });

  test("that refuses a way for good names no setting that mends it", () => {
    expect(FACTS.filter(({ refuses, mend }) => refuses && mend !== undefined)).toEqual([]);
  });

  test("with a shorter limit on silence gets more pings, at most half of it apart", () => {
    const [fact] = FACTS.filter(({ id }) => id === "heroku-idle");
    if (!fact) throw new Error("there is no such fact");
    const { setup } = advise(complete({ hosting: "heroku" }), undefined, [{ ...fact, seconds: 9 }]);
    expect(setup.serve).toEqual(expect.arrayContaining(["--ping", "4s"]));
  });
});

describe("confidence", () => {
  const everything = complete({}).answers;
  const measured: Measured = {
    where: "loopback",
    says: [],
    paths: { sse: { roundTripMs: 1 }, websocket: { roundTripMs: 1 } },
  };
  const level = (given: Given, measurement?: Measured) => advise(given, measurement).confidence.level;
  const far = { ...everything, tabs: 1 };

  test("is high where all is given, measured and far from any line, and falls by a level for each that is not", () => {
    expect(level({ answers: far, assumed: [] }, measured)).toBe("high");
    expect(level({ answers: far, assumed: [] })).toBe("medium");
    expect(level({ answers: far, assumed: ["upstream"] }, measured)).toBe("medium");
    expect(level({ answers: { ...far, upstream: 0.9 }, assumed: [] }, measured)).toBe("medium");
    expect(level({ answers: { ...far, upstream: 0.9 }, assumed: ["upstream"] })).toBe("low");
  });

  test("does not ask to measure what Eitherway does not carry", () => {
    expect(level({ answers: { ...far, carries: "files" }, assumed: [] })).toBe("high");
  });

  test("names the number that is near its line", () => {
    const { confidence } = advise({ answers: { ...far, upstream: 0.9 }, assumed: [] }, measured);
    expect(confidence.why).toEqual(["it changes as soon as upstream goes above 1/s"]);
  });
});

test("use cases get the way that their numbers ask for", () => {
  expect(recommendations().map(({ useCase, advice }) => [useCase.id, advice.advises, advice.rule])).toEqual([
    ["chat", "sse", "stream"],
    ["collaborative-editing", "websocket", "upstream"],
    ["games", "websocket", "upstream"],
    ["trading", "websocket", "tabs"],
    ["news-feed", "plain-polling", "rare"],
    ["notifications", "sse", "stream"],
    ["dashboards", "sse", "stream"],
    ["progress", "sse", "stream"],
  ]);
});

test("answers win over a use case, and a use case over usual ones", () => {
  const [chat] = USE_CASES.filter(({ id }) => id === "chat");
  const { answers, assumed } = complete({ upstream: 7 }, chat);
  expect([answers.upstream, answers.payload, answers.tabs]).toEqual([7, 300, 3]);
  expect(assumed).not.toContain("upstream");
  expect(assumed).toContain("payload");
  expect(complete({ upstream: 2 }, { answers: { direction: "down" } }).answers.direction).toBe("both");
  expect(complete({ direction: "down" }).answers.upstream).toBe(0);
});
