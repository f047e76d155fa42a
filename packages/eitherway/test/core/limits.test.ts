import { describe, expect, test } from "vitest";
import {
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_PING_MS,
  DEFAULT_RETENTION,
  withDefaults,
} from "../../src/core/index.ts";

describe("withDefaults", () => {
  test("fills in what is not given and leaves both inputs alone", () => {
    const given = { messages: 5 };
    const filled = withDefaults(DEFAULT_RETENTION, given, "retention");
    expect(filled).toEqual({ ...DEFAULT_RETENTION, messages: 5 });
    expect(filled).not.toBe(DEFAULT_RETENTION);
    expect(given).toEqual({ messages: 5 });
    expect(withDefaults(DEFAULT_RETENTION, undefined, "retention")).toEqual(DEFAULT_RETENTION);
    expect(withDefaults(DEFAULT_RETENTION, {}, "retention")).toEqual(DEFAULT_RETENTION);
  });

  test("refuses a number that is no positive whole one, with its name and value (P12)", () => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => withDefaults(DEFAULT_LIMITS, { links: value }, "limits")).toThrow(
        `limits.links is ${value}; give a whole number above 0.`,
      );
    }
  });

  test("refuses what is no number, also what JavaScript would take for one (P12)", () => {
    for (const value of ["64", null, true, {}, [64], 64n]) {
      const given = { links: value } as unknown as { links: number };
      expect(() => withDefaults(DEFAULT_LIMITS, given, "limits")).toThrow("limits.links is");
    }
  });

  test("refuses a name that is none of its own, and says which there are (P12)", () => {
    const given = JSON.parse('{"__proto__":1,"link":5}') as object;
    for (const wrong of [{ link: 5 }, { toString: 5 }, given]) {
      expect(() => withDefaults(DEFAULT_RETENTION, wrong, "retention")).toThrow("known: messages, bytes, ageMs");
    }
  });

  test("throws an error of ours, whose code says that the request must change (P12)", () => {
    const fail = () => withDefaults(DEFAULT_RETENTION, { ageMs: 0 }, "retention");
    expect(fail).toThrow(expect.objectContaining({ code: "bad-request", retry: false }));
  });
});

describe("the defaults", () => {
  test("are limits that withDefaults takes, so that they can be given as they are", () => {
    expect(withDefaults(DEFAULT_LIMITS, DEFAULT_LIMITS, "limits")).toEqual(DEFAULT_LIMITS);
    expect(withDefaults(DEFAULT_RETENTION, DEFAULT_RETENTION, "retention")).toEqual(DEFAULT_RETENTION);
  });

  test("fit each other: a message fits into a frame in base64, a log and a queue; keys live no longer than messages", () => {
    const { messageBytes, frameBytes, logBytes, unflushedBytes } = DEFAULT_LIMITS;
    expect(frameBytes).toBeGreaterThan((messageBytes * 4) / 3);
    expect(DEFAULT_RETENTION.bytes).toBeGreaterThanOrEqual(messageBytes);
    expect(logBytes).toBeGreaterThanOrEqual(DEFAULT_RETENTION.bytes);
    expect(unflushedBytes).toBeGreaterThanOrEqual(messageBytes);
    expect(DEFAULT_KEY_WINDOW_MS).toBeLessThanOrEqual(DEFAULT_RETENTION.ageMs);
    expect(DEFAULT_PING_MS).toBeLessThan(30_000); // proxies cut an idle connection after 30 to 60 seconds
  });
});
