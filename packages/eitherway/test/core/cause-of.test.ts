import { describe, expect, test } from "vitest";
import { causeOf } from "../../src/core/index.ts";

describe("what a log tells of what an application threw", () => {
  test("kind, code and place, and no word of the message, also where that looks like a place (P12)", () => {
    const error = Object.assign(new TypeError("hunter2 is taken\n    at hunter2 (/a.js:1:1)\n    at hunter2"), {
      code: "E1",
    });
    const cause = causeOf(error);
    expect(cause).toMatch(/^TypeError E1 at .*cause-of\.test\.ts:[0-9]+/);
    expect(cause).not.toContain("hunter2");
  });

  test("of a message that was changed since, no place: it stands in the stack as it was", () => {
    const error = new Error("hunter2");
    expect(error.stack).toContain("hunter2"); // engines write the stack when it is asked for
    error.message = "sorry";
    expect(causeOf(error)).toBe("Error");
  });

  test("no name and no code that is a sentence", () => {
    const error = Object.assign(new Error("a"), { name: `hunter2${"x".repeat(60)}`, code: "hunter2 ".repeat(9) });
    expect(causeOf(error)).toMatch(/^Error at /);
    expect(causeOf(error)).not.toContain("hunter2");
  });

  test.each([
    ["hunter2", "thrown: string"],
    [undefined, "thrown: undefined"],
    [{ a: "hunter2" }, "thrown: object"],
  ])("of %j its type", (thrown, said) => expect(causeOf(thrown)).toBe(said));
});
