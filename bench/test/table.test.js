/** The printed table says of a difference only what every round says. */
import { expect, test } from "vitest";
import { table } from "../lib/table.js";
import { SCENARIOS } from "../scenarios.js";
import { cell, skippedCell } from "./made-up.js";

const PLACE = "fan-out / 1 a turn / websocket";

/** @param {readonly import("../lib/types.js").Cell[]} cells */
function lines(cells) {
  const [scenario] = SCENARIOS;
  if (!scenario) throw new Error("There are no scenarios.");
  return table(scenario, "1 a turn", cells).trim().split("\n").slice(2);
}

/** @param {readonly number[]} ours @param {readonly number[]} theirs */
function ofOurs(ours, theirs) {
  const [, line = ""] = lines([cell(`${PLACE} / eitherway`, ours), cell(`${PLACE} / ws`, theirs)]);
  return line
    .split(/\s{2,}|%/)
    .map((text) => text.trim())
    .find((text) => text.includes("x"));
}

test("the ratio to ours is the median of the rounds' ratios, not the ratio of the medians", () => {
  expect(ofOurs([10, 20, 40], [30, 60, 120])).toBe("3.00x");
  expect(ofOurs([10, 20, 40], [20, 80, 60])).toBe("2.00x"); // of the medians: 3
});

test("a ratio stands in brackets where one of the two is not the smaller one in every round", () => {
  expect(ofOurs([10, 10, 10], [11, 12, 9])).toBe("(1.10x)");
  expect(ofOurs([10, 10, 10], [11, 12, 10.1])).toBe("1.10x");
});

test("a ratio stands in brackets with fewer than three rounds", () => {
  expect(ofOurs([10, 10], [20, 20])).toBe("(2.00x)");
});

test("a peer that did not run and one whose rounds are void say why", () => {
  const [skipped, broken] = lines([
    skippedCell(`${PLACE} / bun`, "not here"),
    cell(`${PLACE} / ws`, [{ void: "message 3 came after 1" }]),
  ]);
  expect(skipped).toMatch(/bun .* not run: not here$/);
  expect(broken).toMatch(/ws .* void: message 3 came after 1$/);
});
