import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEpoch, formatId, isCursor, MAX_SEQ, parseId } from "../../src/protocol/index.ts";
import { anyEpoch } from "./support.ts";

const anySeq = fc.integer({ min: 0, max: MAX_SEQ });

describe("ids", () => {
  test("are 12 characters, a hyphen and 8 characters of lower-case base 36", () => {
    expect(formatId("m8x2k1b7cq0z", 0)).toBe("m8x2k1b7cq0z-00000000");
    expect(formatId("m8x2k1b7cq0z", 35)).toBe("m8x2k1b7cq0z-0000000z");
    expect(formatId("m8x2k1b7cq0z", 36)).toBe("m8x2k1b7cq0z-00000010");
    expect(formatId("m8x2k1b7cq0z", MAX_SEQ)).toBe("m8x2k1b7cq0z-zzzzzzzz");
  });

  test("are read back as they were written, for any epoch and seq (P3)", () => {
    fc.assert(
      fc.property(anyEpoch, anySeq, (epoch, seq) => {
        const id = formatId(epoch, seq);
        expect(id).toBe(`${epoch}-${seq.toString(36).padStart(8, "0")}`);
        expect(parseId(id)).toEqual({ epoch, seq });
      }),
    );
  });

  test("of neighbouring seqs differ: an id never names two messages (P4)", () => {
    fc.assert(
      fc.property(anyEpoch, fc.integer({ min: 0, max: MAX_SEQ - 1 }), (epoch, seq) => {
        expect(formatId(epoch, seq)).not.toBe(formatId(epoch, seq + 1));
      }),
    );
  });

  test("of one epoch sort as text in the order of their seqs", () => {
    fc.assert(
      fc.property(anyEpoch, anySeq, anySeq, (epoch, a, b) => {
        expect(formatId(epoch, a) < formatId(epoch, b)).toBe(a < b);
      }),
    );
  });

  test("are not written for a seq that does not fit", () => {
    for (const seq of [-1, MAX_SEQ + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => formatId("m8x2k1b7cq0z", seq)).toThrow(RangeError);
    }
  });

  const wrong = [
    "",
    "0",
    "start",
    "m8x2k1b7cq0z",
    "m8x2k1b7cq0z-",
    "m8x2k1b7cq0z-0000000",
    "m8x2k1b7cq0z-000000001",
    "m8x2k1b7cq0-000000001",
    "M8X2K1B7CQ0Z-00000001",
    "m8x2k1b7cq0z-0000000A",
    "m8x2k1b7cq0z_00000001",
    "m8x2k1b7cq0z-+0000001",
    "m8x2k1b7cq0z-0000001\n",
    " m8x2k1b7cq0z-0000001",
    "m8x2k1b7cq0z-0000.001",
  ];
  for (const text of wrong) {
    test(`of another shape are none: ${JSON.stringify(text)} (P12)`, () => {
      expect(parseId(text)).toBeUndefined();
    });
  }

  test("any text either is no id or is exactly how its parts are written", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-zA-Z]{11,13}-[0-9a-zA-Z]{7,9}$/)), (text) => {
        const parts = parseId(text);
        if (parts) expect(formatId(parts.epoch, parts.seq)).toBe(text);
      }),
    );
  });
});

describe("cursors", () => {
  test("are start, now and ids, and nothing else", () => {
    for (const cursor of ["start", "now", "m8x2k1b7cq0z-00000000"]) expect(isCursor(cursor)).toBe(true);
    for (const other of ["", "START", "head", "start ", 0, null, undefined, {}, ["now"]])
      expect(isCursor(other)).toBe(false);
  });
});

describe("epochs", () => {
  test("begin with 9 characters of creation time and end with 3 random ones", () => {
    expect(createEpoch(0, 0)).toBe("000000000000");
    expect(createEpoch(1_795_380_276_220, 0.5)).toBe(`0${(1_795_380_276_220).toString(36)}i00`);
  });

  test("are always 12 characters, whatever the clock says", () => {
    for (const at of [-5, 0.7, 36 ** 9, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      expect(createEpoch(at, 0.999_999_999)).toMatch(/^[0-9a-z]{9}zzz$/);
    }
  });

  test("of two processes that start in one millisecond differ by chance", () => {
    expect(createEpoch(1e12, 0.1)).not.toBe(createEpoch(1e12, 0.2));
  });
});
