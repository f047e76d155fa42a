import { expect, test } from "vitest";
import { FIGURES, READ, type Reading, type Value, valuesBetween } from "../dashboard/figures.ts";
import { createReader } from "../dashboard/reading.ts";
import { textOf } from "../dashboard/wording.ts";

const reading = (at: number, values: Reading["values"]): Reading => ({ at, values });

function figureOf(name: string, before: Reading, now: Reading): Value | undefined {
  return valuesBetween(before, now)[FIGURES.findIndex((figure) => figure.name === name)];
}

test("there are fifty figures, each with a name of its own", () => {
  expect(FIGURES).toHaveLength(50);
  expect(new Set(FIGURES.map(({ name }) => name)).size).toBe(50);
});

test("a gauge is what the later reading says", () => {
  const [before, now] = [reading(0, { heap: 10 }), reading(1_000, { heap: 7 })];
  expect(figureOf("process.heap", before, now)).toBe(7);
});

test("a rate is what a counter grew by in a second, however long that took", () => {
  const before = reading(5_000, { "messages.delivered": 100, cpu: 1_000 });
  const now = reading(5_250, { "messages.delivered": 350, cpu: 1_050 });
  expect(figureOf("messages.delivered", before, now)).toBe(1_000);
  expect(figureOf("process.cpu", before, now)).toBe(20); // 50 ms of 250
});

test("a ratio is what one counter grew by while the other grew by one, and there is none while that stood still", () => {
  const before = reading(0, { "runs.messages": 10, "runs.flushed": 10 });
  expect(figureOf("runs.messages", before, reading(1_000, { "runs.messages": 40, "runs.flushed": 20 }))).toBe(3);
  expect(figureOf("runs.messages", before, reading(1_000, before.values))).toBeNull();
});

test("a counter that began anew has grown by what it shows, and never backwards", () => {
  const [before, now] = [reading(0, { "links.opened": 900 }), reading(1_000, { "links.opened": 3 })];
  expect(figureOf("links.opened", before, now)).toBe(3);
});

test("what was not read, two readings of one moment, and what is no number are no value", () => {
  const known = { "links.opened": 1, heap: 1 };
  expect(figureOf("links.opened", reading(0, {}), reading(1_000, known))).toBeNull();
  expect(figureOf("links.opened", reading(0, known), reading(1_000, {}))).toBeNull();
  expect(figureOf("links.opened", reading(0, known), reading(0, known))).toBeNull();
  expect(figureOf("process.heap", reading(0, known), reading(1, { heap: Number.NaN }))).toBeNull();
});

test("values have six digits", () => {
  const now = reading(1_000, { "links.opened": 1 / 3, resident: 123_456_789 });
  expect(figureOf("links.opened", reading(0, { "links.opened": 0 }), now)).toBe(0.333333);
  expect(figureOf("process.resident", now, now)).toBe(123_457_000);
});

test("a reading of this process has all that the figures need", () => {
  const reader = createReader(() => []);
  const { values } = reader.read();
  reader.close();
  const missing = [...READ].filter((name) => !(name in values));
  expect(missing.filter((name) => !name.startsWith("delay."))).toEqual([]); // no delay was seen within this turn
});

test.each([
  [null, "percent", "–"],
  [12.34, "percent", "12.3 %"],
  [0, "per second", "0 /s"],
  [1_234.5, "per second", "1,235 /s"],
  [0.25, "ms", "0.3 ms"],
  [0, "bytes", "0 B"],
  [1_536, "bytes", "1.5 kB"],
  [123_457_000, "bytes", "118 MB"],
  [42.9, "seconds", "42 s"],
  [3_725, "seconds", "1 h 2 min"],
  [90_000, "seconds", "1 d 1 h"],
  [7, "number", "7"],
] as const)("%s as %s is written %s", (value, unit, text) => {
  expect(textOf(value, unit)).toBe(text);
});
