import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytesPayload,
  checkJsonDepth,
  jsonClientCodec,
  jsonPayload,
  jsonServerCodec,
  MAX_JSON_DEPTH,
  parsedJsonPayload,
  payloadBytes,
  textPayload,
  utf8Length,
} from "../../src/protocol/index.ts";
import { anyText, codeOf } from "./support.ts";

const nested = (depth: number, open = "[", close = "]") => open.repeat(depth) + close.repeat(depth);

describe("JSON payloads", () => {
  test("of a value are its JSON text", () => {
    expect(jsonPayload({ a: [1, "ü"] })).toEqual({ kind: "json", data: '{"a":[1,"ü"]}' });
    expect(jsonPayload(null)).toEqual({ kind: "json", data: "null" });
  });

  test("of what JSON cannot say are bad-json (P12)", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    for (const value of [undefined, () => 1, Symbol("x"), 1n, cycle]) {
      expect(codeOf(() => jsonPayload(value))).toBe("bad-json");
    }
  });

  test("of JSON text are kept as the text came", () => {
    for (const text of [' { "b":1, "a":1.0e2 }\n', "12345678901234567890", '{"a":1,"a":2}', '"\\u0061"']) {
      expect(parsedJsonPayload(text)).toEqual({ kind: "json", data: text });
    }
  });

  test("that are no JSON are told where, and nothing of what they are: it may be a secret (P12)", () => {
    for (const text of ['{"a":"hunter2",}', "hunter2", '{"hunter2": at position 12 hunter2}', '["hunter2']) {
      expect(() => parsedJsonPayload(text)).toThrow(
        /^The payload is not JSON(?:, wrong at position [0-9]+)?; write it/,
      );
      for (const read of [parsedJsonPayload, jsonServerCodec.readClient, jsonClientCodec.readServer]) {
        expect(() => read(text)).not.toThrow(/hunter/);
      }
    }
    expect(() => parsedJsonPayload('{"a":1,}')).toThrow(/at position 7/);
  });

  test("of text that is no JSON are bad-json (P12)", () => {
    for (const text of ["", "{", "1,2", "undefined", "NaN", "'a'", "{a:1}", "[1,]", '"\n"', "\ufeff1", "1}"]) {
      expect(codeOf(() => parsedJsonPayload(text))).toBe("bad-json");
    }
  });
});

describe("JSON depth", () => {
  test(`${MAX_JSON_DEPTH} levels are taken and one more is not (P12)`, () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const fits = open.repeat(MAX_JSON_DEPTH) + (open === "[" ? "" : "1") + close.repeat(MAX_JSON_DEPTH);
      expect(codeOf(() => parsedJsonPayload(fits))).toBe("nothing");
      expect(codeOf(() => parsedJsonPayload(open + fits + close))).toBe("bad-json");
    }
  });

  test("a hundred thousand levels are refused before a parser sees them (P6, P12)", () => {
    expect(codeOf(() => checkJsonDepth(nested(100_000)))).toBe("bad-json");
    expect(codeOf(() => checkJsonDepth('{"a":'.repeat(100_000)))).toBe("bad-json");
  });

  test("brackets in strings do not count, also behind escaped quotes", () => {
    const brackets = "[{".repeat(500);
    for (const value of [brackets, `\\"${brackets}`, `"${brackets}`, `${brackets}\\`]) {
      expect(codeOf(() => parsedJsonPayload(JSON.stringify([value])))).toBe("nothing");
    }
  });

  test("many shallow values are as deep as one", () => {
    expect(codeOf(() => parsedJsonPayload(`[${Array(1000).fill("[]").join(",")}]`))).toBe("nothing");
  });

  test("equals the nesting of the value, for any JSON", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 6 }), (value, most) => {
        const text = JSON.stringify(value).padStart(2 * most + 1);
        expect(codeOf(() => checkJsonDepth(text, most))).toBe(depthOf(value) > most ? "bad-json" : "nothing");
      }),
    );
  });
});

describe("text payloads", () => {
  test("are any Unicode text, also none", () => {
    for (const text of ["", " ", "\0\r\n\u2028\ufeff", "😀"])
      expect(textPayload(text)).toEqual({ kind: "text", data: text });
  });

  test("with half of a surrogate pair are bad-utf8 (P12)", () => {
    for (const text of ["\ud800", "a\udfff", "\udc00\ud800"]) expect(codeOf(() => textPayload(text))).toBe("bad-utf8");
  });
});

describe("size", () => {
  test("is counted in UTF-8 bytes (P6)", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text));
        expect(payloadBytes(textPayload(text))).toBe(Buffer.byteLength(text));
      }),
    );
    expect(payloadBytes({ kind: "json", data: '"ü"' })).toBe(4);
    expect(payloadBytes(bytesPayload(new Uint8Array(7)))).toBe(7);
  });
});
