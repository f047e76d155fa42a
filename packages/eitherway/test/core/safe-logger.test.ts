import { expect, test } from "vitest";
import { createSafeLogger, type Logger } from "../../src/core/index.ts";

function logged(fields: Record<string, unknown>): Readonly<Record<string, unknown>> {
  let seen: Readonly<Record<string, unknown>> = {};
  const keep = (_event: string, given: Readonly<Record<string, unknown>> = {}): void => {
    seen = given;
  };
  const logger: Logger = createSafeLogger({ info: keep, warn: keep, error: keep });
  logger.warn("request failed", fields);
  return seen;
}

test("nothing that a client sends makes a line long (P6)", () => {
  const { path } = logged({ path: "x".repeat(30_000) });
  expect(path).toBe(`${"x".repeat(1_000)}…`);
});

test.each([
  ["ends of lines", "a\r\nb\u0085c\u2028d\u2029e", "a??b?c?d?e"],
  ["orders to a terminal", "\u001b[2J\u009b31m\u0007\u007f", "?[2J?31m??"],
  ["what turns text around", "user\u202egnp.exe\u2066", "user?gnp.exe?"],
])("%s do not come into a line, whatever writes it (P12)", (_what, given, written) => {
  expect(logged({ given })).toEqual({ given: written });
});

test("what is no text stays as it is, and of an error kind, code and place are told, not the message", () => {
  const error = Object.assign(new TypeError("cannot take tok3n"), { code: "EBAD" });
  const { cause, ...others } = logged({ count: 3, missing: undefined, list: ["a"], cause: error });
  expect(others).toEqual({ count: 3, missing: undefined, list: ["a"] });
  expect(cause).toMatch(/^TypeError EBAD at /);
  expect(cause).not.toContain("tok3n");
});

test("each level and the event stay what they are", () => {
  const seen: string[] = [];
  const logger = createSafeLogger({
    info: (event) => void seen.push(`info ${event}`),
    warn: (event) => void seen.push(`warn ${event}`),
    error: (event) => void seen.push(`error ${event}`),
  });
  for (const level of ["info", "warn", "error"] as const) logger[level]("something");
  expect(seen).toEqual(["info something", "warn something", "error something"]);
});
