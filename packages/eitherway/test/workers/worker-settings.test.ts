import { describe, expect, test } from "vitest";
import { channel, type History } from "../../src/contract/index.ts";
import { DEFAULT_LIMITS, DEFAULT_RETENTION } from "../../src/core/index.ts";
import { createChannelIndex } from "../../src/server/channel-index.ts";
import { readHistory } from "../../src/server/contract-history.ts";
import { environmentOf, isOurWorker, readAbilities } from "../../src/workers/worker-settings.ts";

const PARTS = { limits: DEFAULT_LIMITS, retention: DEFAULT_RETENTION, channelRetention: undefined, keyWindowMs: 1_000 };
const ABILITIES = { streams: true, presence: false };

/** Of a contract whose rooms keep so much. */
function historyOf(history: History) {
  const types = [channel("news"), channel("room/:id", { history })];
  return readHistory(types, createChannelIndex(types));
}

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
    [{ channelRetention: historyOf({ max: 5 }) }, "history.max of room/:id is 5 here and not set in the primary"],
  ])("%j is refused in a worker of another primary (P12)", (other, sentence) => {
    const env = environmentOf(PARTS, ABILITIES);
    expect(() => readAbilities(env, { ...PARTS, ...other })).toThrow(sentence);
  });

  test.each<[History | undefined, string]>([
    [{ max: 5, age: "1h" }, "history.age of room/:id is 3600000 here and 7200000 in the primary"],
    [{ max: 6, age: "2h" }, "history.max of room/:id is 6 here and 5 in the primary"],
    [{ max: 5, age: "2h", bytes: "1kb" }, "history.bytes of room/:id is 1024 here and not set in the primary"],
    [{ max: 5 }, "history.age of room/:id is not set here and 7200000 in the primary"],
    [undefined, "history.max of room/:id is not set here and 5 in the primary"],
  ])("a contract's history of %j is refused in a worker whose primary has another one (P12)", (history, sentence) => {
    const ofPrimary = { ...PARTS, channelRetention: historyOf({ max: 5, age: "2h" }) };
    const env = environmentOf(ofPrimary, ABILITIES);
    expect(readAbilities(env, ofPrimary)).toEqual(ABILITIES);
    const own = { ...PARTS, channelRetention: history && historyOf(history) };
    expect(() => readAbilities(env, own)).toThrow(sentence);
  });

  test("is refused where there is none, or one of another version (P12)", () => {
    expect(() => readAbilities({}, PARTS)).toThrow("was not started by startWorkers()");
    const env = environmentOf(PARTS, ABILITIES);
    const other = Object.fromEntries(Object.entries(env).map(([k, v]) => [k, v.replace('"version":2', '"version":1')]));
    expect(() => readAbilities(other, PARTS)).toThrow("another version");
  });
});
