import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkChannelName,
  checkEventName,
  checkKey,
  checkLogName,
  isClientId,
  isStreamLog,
  MAX_CHANNEL_BYTES,
  MAX_EVENT_BYTES,
  MAX_KEY_BYTES,
  parseCountedKey,
  quote,
  streamLog,
} from "../../src/protocol/index.ts";
import { codeOf } from "./support.ts";

const channelCode = (name: string) => codeOf(() => checkChannelName(name));

describe("channel names", () => {
  const good = [
    "a",
    "room/42",
    "a b",
    "ü/€/😀",
    "a/.../b",
    ".a",
    "a@b",
    "__proto__",
    "x".repeat(200),
    "ü".repeat(100),
    "*?#%&",
  ];
  for (const name of good) {
    test(`${JSON.stringify(name.slice(0, 20))} is one`, () => {
      expect(channelCode(name)).toBe("nothing");
    });
  }

  const bad: [what: string, name: string, code: string][] = [
    ["nothing", "", "bad-channel"],
    ["over 200 bytes", "x".repeat(201), "bad-channel"],
    ["over 200 bytes, though not over 200 characters", "ü".repeat(101), "bad-channel"],
    ["a slash at the start", "/a", "bad-channel"],
    ["a slash at the end", "a/", "bad-channel"],
    ["an empty segment", "a//b", "bad-channel"],
    ["the segment .", "a/./b", "bad-channel"],
    ["the segment ..", "../a", "bad-channel"],
    ["a line end", "a\nb", "bad-channel"],
    ["NUL", "a\0", "bad-channel"],
    ["DEL", "a\x7f", "bad-channel"],
    ["a C1 control", "a\x85b", "bad-channel"],
    ["text that is not NFC", "u\u0308", "bad-channel"],
    ["half of a surrogate pair", "a\ud800", "bad-channel"],
    ["a reserved segment", "room/@presence", "reserved-channel"],
    ["a reserved first segment", "@control", "reserved-channel"],
  ];
  for (const [what, name, code] of bad) {
    test(`${what} is ${code} (P12)`, () => {
      expect(channelCode(name)).toBe(code);
    });
  }

  test("any text is either legal, in at most 200 bytes and without controls, or a typed error (P12)", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
        (name) => {
          if (channelCode(name) !== "nothing") return;
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_CHANNEL_BYTES);
          expect(Buffer.from(name).toString()).toBe(name);
          expect(name).not.toMatch(/[\p{Cc}]/u);
        },
      ),
    );
  });

  test("the sentence shows at most 60 characters of a name", () => {
    expect(() => checkChannelName(`${"x".repeat(300)}secret`)).toThrow(/^Channel name "x{60}…" is not 1 to 200 bytes/);
  });
});

describe("logs that may be read", () => {
  test.each([
    ["room/42", "nothing"],
    ["@presence/room/42", "nothing"],
    ["@stream/job/7/answer", "nothing"],
    ["@control", "reserved-channel"],
    ["@stream/a\u2028b/answer", "nothing"],
    ["@stream/", "bad-channel"],
    ["@stream//answer", "bad-channel"],
    ["@stream/job", "reserved-channel"],
    ["@stream/@stream/a", "reserved-channel"],
    ["@stream/job/@7", "reserved-channel"],
    ["@streams/job/7", "reserved-channel"],
    ["a/@stream/b", "reserved-channel"],
  ])("logs that may be read are channels and the server's own: %s", (name, code) => {
    expect(codeOf(() => checkLogName(name))).toBe(code);
  });

  test("streams are logs below their channel, under a name of one segment", () => {
    expect(streamLog("job/7", "answer")).toBe("@stream/job/7/answer");
    expect([isStreamLog("@stream/job/7/answer"), isStreamLog("job/7")]).toEqual([true, false]);
    expect(codeOf(() => checkLogName(streamLog("a".repeat(190), "b".repeat(9))))).toBe("nothing");
    for (const [channel, name, code] of [
      ["job/7", "a/b", "bad-channel"],
      ["job/7", "", "bad-channel"],
      ["job/7", "@a", "reserved-channel"],
      ["@stream/job", "a", "reserved-channel"],
      ["a".repeat(190), "b".repeat(10), "bad-channel"],
    ] as const) {
      expect(codeOf(() => streamLog(channel, name))).toBe(code);
    }
  });
});

describe("event names and keys", () => {
  for (const [what, check, most, code] of [
    ["event", checkEventName, MAX_EVENT_BYTES, "bad-event"],
    ["key", checkKey, MAX_KEY_BYTES, "bad-key"],
  ] as const) {
    test(`1 to ${most} bytes of text without controls are legal for an ${what}`, () => {
      for (const text of ["x", " ", "😀", "a b:c", "x".repeat(most), "ü".repeat(most / 2)]) {
        expect(codeOf(() => check(text))).toBe("nothing");
      }
    });

    test(`anything else is ${code} (P12)`, () => {
      const bad = [
        "",
        "x".repeat(most + 1),
        `${"ü".repeat(most / 2)}x`,
        "a\nb",
        "a\r",
        "\0",
        "\x9f",
        "\udc00",
        "😀".slice(0, 1),
      ];
      for (const text of bad) expect(codeOf(() => check(text))).toBe(code);
    });
  }
});

describe("client ids", () => {
  test("are 1 to 64 letters, digits, _ and -", () => {
    for (const id of ["c", "A-b_9", "x".repeat(64)]) expect(isClientId(id)).toBe(true);
    for (const other of ["", "x".repeat(65), "a.b", "a b", "ü", "a\n", 1, null, undefined])
      expect(isClientId(other)).toBe(false);
  });
});

describe("counted keys", () => {
  test("are a client id, a dot and a number from 1 (P5)", () => {
    expect(parseCountedKey("c8.1")).toEqual({ client: "c8", counter: 1 });
    expect(parseCountedKey("c8.999999999999999")).toEqual({ client: "c8", counter: 999_999_999_999_999 });
  });

  test("every other key is foreign", () => {
    const foreign = [
      "c8",
      "c8.",
      ".1",
      "c8.0",
      "c8.01",
      "c8.-1",
      "c8.1.2",
      "c8.1e3",
      "c 8.1",
      "c8.1000000000000000",
      `${"x".repeat(65)}.1`,
    ];
    for (const key of foreign) expect(parseCountedKey(key)).toBeUndefined();
  });
});

test("a quoted value is one line of plain JSON, however hostile it is", () => {
  expect(quote('a"\n\u001b[31m\ud800')).toBe('"a\\"\\n\\u001b[31m\\ud800"');
  // JSON lets these stand; a terminal takes U+009B for ESC [, and marks of direction turn a sentence round.
  expect(quote("\u007f\u009b2J\u0085\u2028\u202e\u2066")).toBe('"??2J????"');
  expect(quote("x".repeat(61))).toBe(`"${"x".repeat(60)}…"`);
});
