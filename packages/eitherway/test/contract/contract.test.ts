import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../../src/client/index.ts";
import { type AnySchema, channel, contract, volatile } from "../../src/contract/index.ts";
import { formatPattern } from "../../src/contract/pattern.ts";
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
});

describe("a contract", () => {
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

describe("a handle", () => {
  test("tells what a value of a latest event is the newest one of, and of no other event (P12)", () => {
    const client = createClient(app, { url: "http://localhost/eitherway" });
    const prices = client.channel("prices", { book: "eu", side: "bid" });
    expect(prices.keyOf("tick", { symbol: "A", price: 1 })).toBe("A");
    const { message } = errorOf(() => prices.keyOf("tock" as "tick", { symbol: "A", price: 1 }));
    expect(message).toBe('Channel "prices/eu/bid" has no latest event "tock".');
    const news = client.channel("news") as unknown as typeof prices;
    expect(codeOf(() => news.keyOf("item" as "tick", { symbol: "A", price: 1 }))).toBe("unknown-event");
  });
});
