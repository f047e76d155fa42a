import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, DEFAULT_RETENTION } from "../../src/core/index.ts";
import { environmentOf, isOurWorker, readAbilities } from "../../src/workers/worker-settings.ts";

const PARTS = { limits: DEFAULT_LIMITS, retention: DEFAULT_RETENTION, channelRetention: undefined, keyWindowMs: 1_000 };
const ABILITIES = { streams: true, presence: false };

describe("the environment of a worker", () => {
  test("says what the primary's broker can do, where both keep alike", () => {
    const env = environmentOf(PARTS, ABILITIES);
    const other = { ...PARTS, limits: { ...DEFAULT_LIMITS, links: 1, messageBytes: 1 } };
    expect([readAbilities(env, PARTS), readAbilities(env, other)]).toEqual([ABILITIES, ABILITIES]);
    expect([isOurWorker(env), isOurWorker({})]).toEqual([true, false]);
  });

  test.each<[object, string]>([
    [{ keyWindowMs: 2_000 }, "keyWindowMs is 2000 here and 1000 in the primary"],
    [{ retention: { ...DEFAULT_RETENTION, messages: 5 } }, "retention.messages is 5 here and 1000 in the primary"],
    [{ limits: { ...DEFAULT_LIMITS, keys: 5 } }, "limits.keys is 5 here and 200000 in the primary"],
    [{ channelRetention: { of: () => undefined, longestAgeMs: 7 } }, "history of a channel is 7 here and 0 in"],
  ])("%j is refused in a worker of another primary (P12)", (other, sentence) => {
    const env = environmentOf(PARTS, ABILITIES);
    expect(() => readAbilities(env, { ...PARTS, ...other })).toThrow(sentence);
  });

  test("is refused where there is none, or one of another version (P12)", () => {
    expect(() => readAbilities({}, PARTS)).toThrow("was not started by startWorkers()");
    const env = environmentOf(PARTS, ABILITIES);
    const other = Object.fromEntries(Object.entries(env).map(([k, v]) => [k, v.replace('"version":1', '"version":0')]));
    expect(() => readAbilities(other, PARTS)).toThrow("another version");
  });
});
