import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnySchema, channel, contract, text, volatile } from "../../src/contract/index.ts";
import { checkPattern, formatPattern } from "../../src/contract/pattern.ts";
import { readPlace } from "../../src/contract/place.ts";
import { validate } from "../../src/contract/standard-schema.ts";
import { EitherwayError, type ErrorCode } from "../../src/protocol/index.ts";
import { app } from "./app.ts";

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

describe("a pattern", () => {
  test("names a channel with its parameters, in any script", () => {
    expect(formatPattern("room/:id", { id: "42" })).toBe("room/42");
    expect(formatPattern(":a/x/:b", { a: "ü", b: "🚀" })).toBe("ü/x/🚀");
    expect(formatPattern("news", {})).toBe("news");
  });

  test.each([
    ["a parameter that is missing", {}],
    ["one that is empty", { id: "" }],
    ["one with a slash, which would be another channel", { id: "a/b" }],
    ["one that paths would resolve away", { id: ".." }],
    ["one that is reserved", { id: "@presence" }],
    ["one that is no text", { id: 42 as unknown as string }],
    ["one that is in every object", JSON.parse("{}")],
  ])("refuses %s (P12)", (_, params) => {
    expect(codeOf(() => formatPattern("room/:id", params))).toMatch(/^(bad|reserved)-channel$/);
  });

  test.each(["", "a//b", ":a/:a", "room/:", "room/:a-b", "@room/:id", "room/../x"])("%j is none (P12)", (pattern) => {
    expect(codeOf(() => checkPattern(pattern))).toMatch(/^(bad|reserved)-channel$/);
  });
});

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
    expect(codeOf(describe)).toBe(code);
  });

  test("says what is often the matter where a schema is undefined (P12)", () => {
    const events = { message: undefined } as unknown as { message: typeof word };
    expect(errorOf(() => channel("room/:id", { events })).message).toMatch(
      /^Event "message" of "room\/:id" has no schema but undefined, as it is where two files import each other; give one/,
    );
  });
});

describe("a contract", () => {
  test.each([
    ["room/:id", "room/:name"],
    ["room/:id", "room/lobby"],
    [":kind/42", "room/:id"],
    ["news", "news"],
  ])("refuses %s beside %s, since one name would be both (P12)", (one, other) => {
    const error = errorOf(() => contract({ one: channel(one), other: channel(other) }));
    expect([error.code, error.message]).toEqual(["bad-channel", expect.stringContaining(`"${one}" and "${other}"`)]);
  });

  test("takes patterns that no name fits both of", () => {
    contract({
      a: channel("room/:id"),
      b: channel("room/:id/more"),
      c: channel("rooms/:id"),
      d: channel("rooms/:x/more"),
    });
  });

  test("finds a channel by its name in the contract, and tells what there is for another one", () => {
    expect(readPlace(app.channels, "room", [{ id: "7" }, "more"])).toMatchObject({ channel: "room/7", rest: ["more"] });
    expect(readPlace(app.channels, "news", ["more"])).toMatchObject({ channel: "news", params: {}, rest: ["more"] });
    const error = errorOf(() => readPlace(app.channels, "constructor", []));
    expect([error.code, error.message]).toEqual(["unknown-channel", expect.stringContaining('"room", "prices"')]);
  });

  test("is plain data but for what opens its client", () => {
    const one = contract({ a: channel("a", { events: { x: volatile(z.string()) } }) });
    expect(Object.keys(one)).toEqual(["channels"]);
    expect(one.channels.a.events).toMatchObject({ x: { delivery: "volatile" } });
  });
});

describe("validation", () => {
  test("gives the output of the schema, not its input", () => {
    const schema = app.channels.room.events["dated"] as AnySchema;
    expect(validate(schema, { day: "monday" }, "it")).toEqual({ day: 6 });
  });

  test.each([
    ["zod", app.channels.room.events["message"], { text: 1 }, "text"],
    ["valibot", app.channels.news.events["item"], { title: "" }, "title"],
    ["arktype", app.channels.job.events["done"], { ok: "no" }, "ok"],
  ])("tells the issues of %s by path (P12)", (_, schema, value, path) => {
    const error = errorOf(() => validate(schema as AnySchema, value, "The event"));
    expect([error.code, error.details]).toEqual([
      "invalid",
      { issues: [{ path, message: expect.stringMatching(/./) }] },
    ]);
    expect(error.message).toContain(`The event is refused at ${path}: `);
  });

  test("waits for a validator that is asynchronous, and for no other", async () => {
    const slow = z.string().refine(async (value) => value !== "no");
    const schema = {
      "~standard": { version: 1, vendor: "x", validate: (value: unknown) => slow["~standard"].validate(value) },
    } as const;
    await expect(validate(schema, "yes", "it")).resolves.toBe("yes");
    await expect(validate(schema, "no", "it")).rejects.toMatchObject({ code: "invalid" });
  });

  test("an asynchronous validator that breaks is not a refusal", async () => {
    const broken = {
      "~standard": { version: 1, vendor: "x", validate: () => Promise.reject(new TypeError("oh")) },
    } as const;
    await expect(validate(broken, "yes", "it")).rejects.toThrow(TypeError);
  });

  test("tells at most 20 issues: an error frame has bounds (P6)", () => {
    const many = z.array(z.string());
    const { details } = errorOf(() => validate(many, Array(50).fill(1), "it"));
    expect((details as { issues: unknown[] }).issues).toHaveLength(20);
  });
});
