import { expect, test } from "vitest";
import { createChannelIndex } from "../../src/server/channel-index.ts";

test("parameters are found by any legal name, those that every object has included (P12)", () => {
  const { find } = createChannelIndex([{ pattern: "job/:__proto__/:constructor/x" }]);
  const params = find("job/7/8/x")?.params ?? {};
  expect(Object.entries(params)).toEqual([
    ["__proto__", "7"],
    ["constructor", "8"],
  ]);
  expect(find("job/7/8/y")).toBeUndefined();
});
