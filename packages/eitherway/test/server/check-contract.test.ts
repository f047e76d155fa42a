import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type ChannelType, channel, text } from "../../src/contract/index.ts";
import { EitherwayError, type ErrorCode } from "../../src/protocol/index.ts";
import { checkContract } from "../../src/server/check-contract.ts";

function errorOf(run: () => unknown): EitherwayError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof EitherwayError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

const codeOf = (run: () => unknown): ErrorCode => errorOf(run).code;

const check = (...types: readonly ChannelType[]): void => checkContract(Object.fromEntries(types.entries()));

test.each(["", "a//b", `a${":".repeat(200)}`, "a/:b/@c", ":a/:a", "room/:", "room/:a-b", "@room/:id", "room/../x"])(
  "%j is no pattern (P12)",
  (pattern) => {
    expect(codeOf(() => check(channel(pattern)))).toMatch(/^(bad|reserved)-channel$/);
  },
);

const word = z.string();
const none = (what: string): Parameters<typeof channel>[1] => ({ events: { it: JSON.parse(what) } });

describe("a channel", () => {
  test.each([
    ["an event that every channel has of its own", () => channel("a", { events: { gap: word } }), "bad-event"],
    ["an event whose name has no letter", () => channel("a", { events: { "": word } }), "bad-event"],
    ["a call whose name has a control character", () => channel("a", { calls: { "a\nb": {} } }), "bad-event"],
    ["a stream whose name is two segments", () => channel("a", { streams: { "a/b": text() } }), "bad-channel"],
    ["a stream whose name is reserved", () => channel("a", { streams: { "@a": text() } }), "reserved-channel"],
    ["an event without a schema", () => channel("a", none('{"text":"string"}')), "bad-request"],
    ["an event that is nothing", () => channel("a", none("null")), "bad-request"],
    ["an event that is a word", () => channel("a", none('"string"')), "bad-request"],
    ["a volatile event without a schema", () => channel("a", none('{"delivery":"volatile"}')), "bad-request"],
    ["a presence without a schema", () => channel("a", { presence: JSON.parse("{}") }), "bad-request"],
    ["a call whose input has no schema", () => channel("a", { calls: { x: JSON.parse('{"in":1}') } }), "bad-request"],
    [
      "an error of a call that has no schema",
      () => channel("a", { calls: { x: { errors: { full: JSON.parse("{}") } } } }),
      "bad-request",
    ],
  ])("refuses %s (P12)", (_, describe, code) => {
    expect(codeOf(() => check(describe()))).toBe(code);
  });

  test("says what is often the matter where a schema is undefined (P12)", () => {
    const events = { message: undefined } as unknown as { message: typeof word };
    expect(errorOf(() => check(channel("room/:id", { events }))).message).toMatch(
      /^Event "message" of "room\/:id" has no schema but undefined, as it is where two files import each other; give one/,
    );
  });
});

describe("two channels", () => {
  test.each([
    ["room/:id", "room/:name"],
    ["room/:id", "room/lobby"],
    [":kind/42", "room/:id"],
    ["news", "news"],
  ])("are refused where %s stands beside %s, since one name would be both (P12)", (one, other) => {
    const error = errorOf(() => check(channel(one), channel(other)));
    expect([error.code, error.message]).toEqual(["bad-channel", expect.stringContaining(`"${one}" and "${other}"`)]);
  });

  test("are taken where no name fits both", () => {
    check(channel("room/:id"), channel("room/:id/more"), channel("rooms/:id"), channel("rooms/:x/more"));
  });
});
