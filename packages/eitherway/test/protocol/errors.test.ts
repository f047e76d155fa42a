import { describe, expect, test } from "vitest";
import {
  closeNumber,
  codeOfNumber,
  codeOrStandIn,
  EitherwayError,
  ERROR_CODES,
  httpStatus,
  isEitherwayError,
  isErrorCode,
  isRetryable,
  toEitherwayError,
} from "../../src/protocol/index.ts";

describe("the table", () => {
  test("gives each code a number of its own, in the range that RFC 6455 leaves to applications", () => {
    const numbers = ERROR_CODES.map(closeNumber);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(number >= 4000 && number <= 4999).toBe(true);
    for (const code of ERROR_CODES) expect(codeOfNumber(closeNumber(code))).toBe(code);
  });

  test("says by the number whether to come back (P11)", () => {
    for (const code of ERROR_CODES) expect(isRetryable(code)).toBe(closeNumber(code) < 4500);
    expect(ERROR_CODES.filter(isRetryable)).toContain("drain");
    expect(isRetryable("bad-frame")).toBe(false);
  });

  test("pairs codes that may be tried again with statuses that clients try again, and no others (P11)", () => {
    const triedAgain = [408, 429, 500, 503, 507];
    for (const code of ERROR_CODES) {
      if (code === "token-expired") continue; // 401, and to be tried again with another token
      expect(triedAgain.includes(httpStatus(code)), code).toBe(isRetryable(code));
    }
  });

  test("codes fit into the reason of a WebSocket close and into a line of SSE", () => {
    for (const code of ERROR_CODES) expect(code).toMatch(/^[a-z][a-z0-9-]{0,122}$/);
  });

  test("knows no names that objects inherit", () => {
    for (const name of ["toString", "__proto__", "constructor", ""]) expect(isErrorCode(name)).toBe(false);
    expect(isErrorCode("drain")).toBe(true);
  });

  test("has no code for the numbers of WebSocket itself", () => {
    for (const number of [1000, 1001, 1006, 3999, 4499, 5000]) expect(codeOfNumber(number)).toBeUndefined();
  });
});

test("a number of a newer peer stands for a code that says alike whether to come back (P11)", () => {
  expect(codeOrStandIn(4002)).toBe("slow");
  expect(codeOrStandIn(4499)).toBe("internal");
  expect(codeOrStandIn(4999)).toBe("closed");
  for (const number of [0, 1006, 3999, 5000]) expect(codeOrStandIn(number)).toBeUndefined();
});

describe("an error", () => {
  test("has a code, a sentence, and says whether to come back", () => {
    const cause = new Error("disk");
    const error = new EitherwayError("storage-full", "The disk is full.", { cause });
    expect(error).toMatchObject({
      name: "EitherwayError",
      code: "storage-full",
      message: "The disk is full.",
      retry: true,
      cause,
    });
    expect(new EitherwayError("bad-key", "").retry).toBe(false);
    expect(error).toBeInstanceOf(Error);
  });

  test("of another copy of the package is known, and nothing else is", () => {
    const foreign = Object.assign(new Error("x"), { [Symbol.for("eitherway.error")]: true });
    expect(isEitherwayError(foreign)).toBe(true);
    for (const other of [new Error("x"), { code: "drain" }, null, undefined, "drain"])
      expect(isEitherwayError(other)).toBe(false);
  });

  test("that is not ours becomes internal, with the original as its cause and not in its sentence (P12)", () => {
    const ours = new EitherwayError("slow", "");
    expect(toEitherwayError(ours)).toBe(ours);
    for (const thrown of [new TypeError("secret"), "secret", undefined]) {
      const error = toEitherwayError(thrown);
      expect([error.code, error.cause]).toEqual(["internal", thrown]);
      expect(error.message).not.toContain("secret");
    }
  });
});
