import { describe, expect, test } from "vitest";
import { isEitherwayError } from "../../src/protocol/index.ts";
import { decodePercent, decodeUtf8, readQuery, single, wholeNumber } from "../../src/transports/requests.ts";

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isEitherwayError(error) ? error.code : `not ours: ${String(error)}`;
  }
  return undefined;
}

describe("readQuery", () => {
  const cases: [query: string, read: Record<string, string[]>][] = [
    ["", {}],
    ["channel=a&channel=b", { channel: ["a", "b"] }],
    ["channel=room%2F42&x", { channel: ["room/42"], x: [""] }],
    ["a=1=2&&b=+%2B", { a: ["1=2"], b: [" +"] }],
    ["gr%C3%BC%C3%9Fe=%E2%82%AC", { grüße: ["€"] }],
    ["__proto__=x", JSON.parse('{"__proto__":["x"]}')],
  ];
  for (const [query, read] of cases) {
    test(JSON.stringify(query), () => {
      expect([...readQuery(query)]).toEqual(Object.entries(read));
    });
  }

  test("agrees with URLSearchParams on what that one understands", () => {
    for (const [query] of cases) {
      const flat = [...readQuery(query)].flatMap(([name, values]) => values.map((value) => `${name} ${value}`));
      expect(flat.sort()).toEqual([...new URLSearchParams(query)].map(([name, value]) => `${name} ${value}`).sort());
    }
  });

  test("escapes that are no UTF-8 are bad-request (P12)", () => {
    for (const query of ["a=%", "a=%zz", "%ff=1", "a=%c3%28"]) {
      expect(codeOf(() => readQuery(query))).toBe("bad-request");
    }
    expect(codeOf(() => decodePercent("%c0%80"))).toBe("bad-request");
  });
});

test("a parameter that is given twice where one is meant is bad-request (P12)", () => {
  expect(codeOf(() => single(readQuery("a=1&a=2"), "a"))).toBe("bad-request");
  expect(single(readQuery("a=1"), "a")).toBe("1");
  expect(single(readQuery(""), "a")).toBeUndefined();
});

test("a number is whole and within its bounds, or bad-request (P12)", () => {
  const read = (text: string) => wholeNumber(readQuery(`n=${text}`), "n", { least: 1, most: 1000, otherwise: 100 });
  expect([read("1"), read("1000"), wholeNumber(readQuery(""), "n", { least: 1, most: 9, otherwise: 5 })]).toEqual([
    1, 1000, 5,
  ]);
  for (const text of ["0", "1001", "-1", "1.5", "1e2", "", "x", "%201", "9999999999999999999999"]) {
    expect(codeOf(() => read(text))).toBe("bad-request");
  }
});

test("bytes that are no UTF-8 are bad-utf8, whichever way they are broken (P12)", () => {
  for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xe2, 0x82]]) {
    expect(codeOf(() => decodeUtf8(Uint8Array.from(bytes), "The body"))).toBe("bad-utf8");
  }
  expect(decodeUtf8(new TextEncoder().encode("grüße €"), "The body")).toBe("grüße €");
});
