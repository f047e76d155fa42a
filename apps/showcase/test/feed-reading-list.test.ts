import { expect, test } from "vitest";
import {
  addOlder,
  arrive,
  catchUp,
  EMPTY_LIST,
  type Headline,
  missedCount,
  showWaiting,
} from "../feed/reading-list.ts";

const headline = (entry: string, id: string, title = entry): Headline => ({
  id,
  at: 0,
  item: { entry, source: "News", title, summary: "" },
});
const titles = (all: readonly Headline[]): readonly string[] => all.map(({ item }) => item.title);

const [a, b, c] = [headline("a", "1"), headline("b", "2"), headline("c", "3")];

test("what comes while the page is open waits, in order, until it is wanted: then it is on top", () => {
  const seen = showWaiting(arrive(EMPTY_LIST, a));
  const waiting = [b, c].reduce(arrive, seen);
  expect([titles(waiting.shown), titles(waiting.waiting)]).toEqual([["a"], ["b", "c"]]);
  const shown = showWaiting(waiting);
  expect([titles(shown.shown), titles(shown.waiting)]).toEqual([["c", "b", "a"], []]);
});

test("what was missed stands above what was seen, and is no news any more once something newer is wanted", () => {
  const back = [b, c].reduce(catchUp, EMPTY_LIST);
  const list = addOlder(back, [a]);
  expect(list.shown.map(({ item, wasMissed }) => [item.title, wasMissed])).toEqual([
    ["c", true],
    ["b", true],
    ["a", false],
  ]);
  expect(missedCount(list)).toBe(2);
  expect(missedCount(showWaiting(arrive(list, headline("d", "4"))))).toBe(0);
});

test("an entry is there once, as its newest version says it, wherever the older one was", () => {
  const other = headline("a", "4", "a, corrected");
  const shown = showWaiting([b, other].reduce(arrive, addOlder(EMPTY_LIST, [a])));
  expect(shown.shown.map(({ item, isUpdate }) => [item.title, isUpdate])).toEqual([
    ["a, corrected", true],
    ["b", false],
  ]);
  expect(titles([a, other].reduce(arrive, EMPTY_LIST).waiting)).toEqual(["a, corrected"]);
  expect(titles([a, other].reduce(catchUp, EMPTY_LIST).shown)).toEqual(["a, corrected"]);
  expect(titles(addOlder(shown, [a]).shown)).toEqual(["a, corrected", "b"]);
});

test("the very words that are on the page are no news, whatever their id", () => {
  const list = addOlder(EMPTY_LIST, [a]);
  expect(arrive(list, headline("a", "9"))).toBe(list);
  expect(arrive(list, headline("a", "9", "b")).waiting).toHaveLength(1);
});

test("what came while a page of history was on its way waits, and is not shown with that page", () => {
  const list = addOlder(arrive(EMPTY_LIST, b), [a, b]);
  expect([titles(list.shown), titles(list.waiting)]).toEqual([["a"], ["b"]]);
});

test("a page that is open for weeks shows the newest 500", () => {
  const many = Array.from({ length: 600 }, (_, number) => headline(`${number}`, `${number}`));
  const { shown } = showWaiting(many.reduce(arrive, EMPTY_LIST));
  expect([shown.length, shown[0]?.item.title]).toEqual([500, "599"]);
});
