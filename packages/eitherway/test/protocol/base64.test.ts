import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, toBase64 } from "../../src/protocol/base64.ts";

test("bytes of any length become what Node makes of them, and come back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }),
  );
});

test("bytes beyond the arguments of one call are taken", () => {
  const bytes = Uint8Array.from({ length: 100_001 }, (_, i) => i % 251);
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
});

for (const text of [
  "a",
  "aa",
  "aaa",
  "aGk",
  "aGk ",
  " aGk=",
  "aG k=",
  "aGk=\n",
  "a-_=",
  "aGk*",
  "=aGk",
  "a===",
  "====",
  "aG=k",
  "ü===",
]) {
  test(`${JSON.stringify(text)} is not base64 with its padding (P12)`, () => {
    expect(fromBase64(text)).toBeUndefined();
  });
}

test("no text is the base64 of no bytes", () => {
  expect(fromBase64("")).toEqual(new Uint8Array(0));
});
