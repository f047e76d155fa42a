import { describe, expect, test } from "vitest";
import { FACTS, type Fact } from "../../src/cli/facts.ts";
import { DEFAULT_PING_MS } from "../../src/core/index.ts";

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const today = new Date().toISOString().slice(0, 10);

/** What a fact lacks before anybody may rely on it. */
function faultsOf({ id, about, says, source, date, seconds, kind }: Fact): string[] {
  const limited = kind === "idle" || kind === "absolute" || seconds === undefined;
  const rules: readonly (readonly [boolean, string])[] = [
    [/^[a-z0-9]+(?:-[a-z0-9]+)+$/.test(id), "an id of words"],
    [about !== "" && /^\S.*\.$/.test(says), "a sentence"],
    [URL.canParse(source) && new URL(source).protocol === "https:", "a source that one can open"],
    [/^20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/.test(date) && date <= today, "a date that has been"],
    [limited, "a limit only where there is one"],
  ];
  return rules.filter(([kept]) => !kept).map(([, what]) => `${id} lacks ${what}`);
}

describe("facts", () => {
  test("each has an id, a sentence, a source and a date", () => {
    expect(FACTS.flatMap(faultsOf)).toEqual([]);
    expect(new Set(FACTS.map(({ id }) => id)).size).toBe(FACTS.length);
  });

  test("one without source or date is found", () => {
    const [fact] = FACTS as readonly [Fact];
    expect(faultsOf({ ...fact, source: "somewhere", date: "2099-01-01" })).toEqual([
      `${fact.id} lacks a source that one can open`,
      `${fact.id} lacks a date that has been`,
    ]);
  });

  test("old ones are named", () => {
    const old = FACTS.filter(({ date }) => Date.parse(date) < Date.now() - YEAR_MS);
    if (old.length > 0)
      console.warn(`Facts older than a year: ${old.map(({ id, date }) => `${id} (${date})`).join(", ")}`);
    expect(old.length).toBeLessThan(FACTS.length / 2);
  });

  test("a link that is pinged is silent for less than every idle limit", () => {
    const short = FACTS.filter(
      ({ kind, seconds = Number.POSITIVE_INFINITY }) => kind === "idle" && seconds * 1000 <= DEFAULT_PING_MS,
    );
    expect(short).toEqual([]);
  });
});
