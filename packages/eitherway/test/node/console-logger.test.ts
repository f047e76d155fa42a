import { expect, test } from "vitest";
import { createConsoleLogger } from "../../src/node/index.ts";

function logged(fields: Record<string, unknown>): string[] {
  const lines: string[] = [];
  createConsoleLogger({ write: (line) => lines.push(line), wall: () => 0 }).warn("link closed", fields);
  return lines;
}

test("writes one JSON object a line, whatever the fields hold", () => {
  const [line = ""] = logged({ code: "slow", note: "two\nlines" });
  expect(line).not.toContain("\n");
  expect(JSON.parse(line)).toEqual({
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    event: "link closed",
    code: "slow",
    note: "two\nlines",
  });
});

test("a field that JSON cannot say does not make logging fail", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  expect(JSON.parse(logged({ cycle, size: 1n })[0] ?? "")).toMatchObject({ event: "link closed", size: "1" });
});
