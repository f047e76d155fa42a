import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ACTIONS, type Action } from "../../src/core/index.ts";
import { checkChannelName } from "../../src/protocol/index.ts";
import { compileCapabilities, MAX_PATTERNS } from "../../src/server/capabilities.ts";
import { codeOf } from "../protocol/support.ts";

const allows = (pattern: string, channel: string): boolean =>
  compileCapabilities({ [pattern]: ["subscribe"] }).allows(channel, "subscribe");

describe("a pattern", () => {
  test.each([
    ["room/42", "room/42"],
    ["room/*", "room/42"],
    ["*", "lobby"],
    ["*/42", "room/42"],
    ["a/*/c", "a/b/c"],
    ["*/*", "a/b"],
    ["news/**", "news/eu"],
    ["news/**", "news/eu/at/vienna"],
    ["*/**", "a/b"],
    ["**", "a"],
    ["**", "a/b/c"],
    ["room/*", "room/*"],
    ["room/*", "room/**"],
    ["room-*", "room-*"], // within a segment it is a character
    ["ü/€", "ü/€"],
    ["__proto__/*", "__proto__/x"],
  ])("%s allows %s (P9)", (pattern, channel) => {
    expect(allows(pattern, channel)).toBe(true);
  });

  test.each([
    ["room/42", "room/43", "another channel"],
    ["room/42", "Room/42", "another case"],
    ["Room/*", "room/42", "another case before a wildcard"],
    ["room/42", "room/42/x", "one segment more"],
    ["room/42/x", "room/42", "one segment less"],
    ["room/42", "room/4", "a part of it"],
    ["room/*", "room", "no segment where one is wanted"],
    ["room/*", "room/42/private", "two segments where one is wanted"],
    ["news/**", "news", "no further segment"],
    ["news/**", "newsroom/x", "a longer first segment"],
    ["*", "a/b", "two segments"],
    ["room-*", "room-42", "a wildcard that is none"],
    ["a/b", "*/b", "a wildcard in the channel"],
    ["a/b/c", "a/**", "a wildcard in the channel"],
    ["room/caf\u00e9", "room/cafe\u0301", "another form of Unicode"],
    ["room/K", "room/\u212a", "a sign that looks the same"],
    ["room/42", "room%2f42", "an encoded slash"],
    ["room/*/x", "room/a%2fx", "an encoded slash"],
    ["room/a", "room/%61", "an encoded letter"],
    ["room/a", "room/a ", "a space behind"],
    ["room/a", "room/a\u0000", "a NUL behind"],
  ])("%s does not allow %s: %s (P9)", (pattern, channel) => {
    expect(allows(pattern, channel)).toBe(false);
  });

  test.each(["@control", "@presence/room/42", "room/@presence", "a//b", "/a", "a/", "a/../b", "..", "a/./b", ""])(
    "whatever it is, none reaches %j, checked or not (P9)",
    (channel) => {
      const capabilities = compileCapabilities({ "**": ["*"], "*": ["*"], "*/*": ["*"], "*/*/*": ["*"] });
      expect(ACTIONS.map((action) => capabilities.allows(channel, action))).toEqual(ACTIONS.map(() => false));
      expect(codeOf(() => checkChannelName(channel))).not.toBe("nothing"); // the names that none may reach are no channels
    },
  );
});

describe("actions", () => {
  test("are the listed ones, of every pattern that fits, and all for * (P9)", () => {
    const capabilities = compileCapabilities({ "a/*": ["subscribe"], "a/b": ["publish"], "c/**": ["*"], d: [] });
    const allowed = (channel: string): Action[] => ACTIONS.filter((action) => capabilities.allows(channel, action));
    expect(allowed("a/x")).toEqual(["subscribe"]);
    expect(allowed("a/b")).toEqual(["subscribe", "publish"]);
    expect(allowed("c/x")).toEqual([...ACTIONS]);
    expect(allowed("d")).toEqual([]);
    expect(allowed("e")).toEqual([]);
  });

  test("of a prototype are none (P9)", () => {
    const capabilities = compileCapabilities({ a: ["subscribe"] });
    for (const name of ["constructor", "__proto__", "toString", "has"]) {
      expect(capabilities.allows("a", name as Action)).toBe(false);
      expect(capabilities.allows(name, "subscribe")).toBe(false);
    }
  });
});

describe("a claim that is none is refused with a sentence (P12)", () => {
  test.each<[string, unknown, RegExp]>([
    ["nothing", null, /no object/],
    ["text", "room/*", /no object/],
    ["a list", ["room/*"], /no object/],
    ["actions that are no list", { "room/*": "subscribe" }, /"room\/\*" has no list of actions/],
    [
      "an action that there is not",
      { "room/*": ["subscribe", "write"] },
      /"room\/\*" has an unknown action; known: sub/,
    ],
    ["an action of another case", { a: ["Subscribe"] }, /unknown action/],
    ["an action that is no text", { a: [["subscribe"]] }, /unknown action/],
    ["undefined among the actions", { a: [undefined] }, /unknown action/],
    ["** before the end", { "a/**/b": ["*"] }, /"a\/\*\*\/b" has \*\* before its end/],
    ["an empty segment", { "a//b": ["*"] }, /no channel name: .*empty segment/],
    ["no name", { "": ["*"] }, /no channel name/],
    ["a segment ..", { "a/..": ["*"] }, /no channel name/],
    ["a reserved segment", { "@presence/*": ["*"] }, /no channel name: .*reserved/],
    ["NFD", { "cafe\u0301": ["*"] }, /no channel name: .*NFC/],
    ["a control character", { "a\nb": ["*"] }, /no channel name/],
    ["a pattern over 200 bytes", { ["x".repeat(201)]: ["*"] }, /no channel name/],
  ])("%s", (_, claim, sentence) => {
    expect(codeOf(() => compileCapabilities(claim))).toBe("unauthorized");
    expect(() => compileCapabilities(claim)).toThrow(sentence);
    expect(() => compileCapabilities(claim)).toThrow(/^The claim channels cannot be used: [^\n]+[^.]\.$/);
  });

  test("more patterns than there may be (P6)", () => {
    const claim = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, ["*"]]));
    expect(compileCapabilities(claim(MAX_PATTERNS)).allows("c0", "call")).toBe(true);
    expect(() => compileCapabilities(claim(MAX_PATTERNS + 1))).toThrow(/1001 patterns and at most 1000/);
  });

  test("what JSON makes of __proto__ is a pattern like others", () => {
    const capabilities = compileCapabilities(JSON.parse('{"__proto__":["subscribe"]}'));
    expect(capabilities.allows("__proto__", "subscribe")).toBe(true);
    expect(capabilities.allows("toString", "subscribe")).toBe(false);
    expect(Object.prototype).not.toHaveProperty("0");
  });
});

describe("as a model that goes by regular expressions has it (P9)", () => {
  const segment = fc.constantFrom("a", "b", "A", "ab", "*", "**", ".a", "a.c", "__proto__", "é", "%2f");
  const channel = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join("/"));
  const wild = fc.constantFrom("a", "b", "A", "*", ".a", "a.c", "__proto__", "é");
  const pattern = fc
    .tuple(fc.array(wild, { maxLength: 3 }), fc.boolean())
    .filter(([segments, open]) => segments.length > 0 || open)
    .map(([segments, open]) => [...segments, ...(open ? ["**"] : [])].join("/"));
  const actions = fc.subarray([...ACTIONS, "*"]);
  const claim = fc.dictionary(pattern, actions, { maxKeys: 6 });

  function expression(text: string): RegExp {
    const parts = text.split("/").map((part, at, all) => {
      if (part === "**" && at === all.length - 1) return ".+";
      return part === "*" ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    });
    return new RegExp(`^${parts.join("/")}$`, "u");
  }

  test("any claim, on any channel", () => {
    fc.assert(
      fc.property(claim, channel, fc.constantFrom(...ACTIONS), (given, name, action) => {
        const expected = Object.entries(given).some(
          ([text, list]) => expression(text).test(name) && (list.includes("*") || list.includes(action)),
        );
        expect(compileCapabilities(given).allows(name, action)).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test("anything at all is compiled or refused as unauthorized, never a crash (P12)", () => {
    const something = fc.oneof(fc.anything(), fc.dictionary(fc.string({ unit: "binary" }), fc.anything()));
    fc.assert(
      fc.property(something, fc.string({ unit: "binary" }), (given, name) => {
        expect(["nothing", "unauthorized"]).toContain(
          codeOf(() => compileCapabilities(given).allows(name, "subscribe")),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
