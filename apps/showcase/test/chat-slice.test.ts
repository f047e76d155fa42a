import { formatId } from "eitherway/protocol";
import { createSeededRandom } from "eitherway/testing";
import { describe, expect, test } from "vitest";
import {
  follow,
  idAt,
  MOST_ROWS,
  PAGE,
  type Placed,
  placeOf,
  putBefore,
  putBehind,
  reaches,
  type Slice,
  sliceOf,
} from "../chat/slice.ts";

const EPOCH = "m8x2k1b7cq0z";
const HEAD = 5_000;

const at = (place: number, epoch = EPOCH): Placed => ({ id: formatId(epoch, place) });

/** As a server answers: what stands before a place. */
function pageBefore(before: number, epoch = EPOCH) {
  const first = Math.max(1, Math.min(before, HEAD + 1) - PAGE);
  const items = Array.from({ length: Math.min(before, HEAD + 1) - first }, (_, n) => at(first + n, epoch));
  return { items, hasOlder: first > 1, head: formatId(epoch, HEAD) };
}

const placesOf = ({ items }: Slice<Placed>): number[] => items.map(({ id }) => placeOf(id));

function expectWhole(slice: Slice<Placed>): void {
  const places = placesOf(slice);
  expect(places).toEqual(places.map((_, n) => (places[0] ?? 0) + n));
  expect(places.length).toBeLessThanOrEqual(MOST_ROWS);
  expect([slice.hasOlder, slice.hasNewer]).toEqual([places[0] !== 1, places.at(-1) !== HEAD]);
}

describe("a slice of a room", () => {
  test("is found by the place where it is to begin", () => {
    expect(idAt(formatId(EPOCH, 77), 3)).toBe(formatId(EPOCH, 3));
    expect(placeOf(formatId(EPOCH, 77))).toBe(77);
    expect([placeOf(undefined), placeOf("volatile-1")]).toEqual([0, 0]);
  });

  test.each([1, 2, 3, 4])("has no hole and no more than its rows, wherever one reads on (seed %i)", (seed) => {
    const random = createSeededRandom(seed);
    let slice = sliceOf(pageBefore(1 + Math.ceil(random() * HEAD)));
    expectWhole(slice);
    for (let n = 0; n < 200; n++) {
      const [first = 1, last = 1] = [placesOf(slice)[0], placesOf(slice).at(-1)];
      slice = random() < 0.5 ? putBefore(slice, pageBefore(first)) : putBehind(slice, pageBefore(last + PAGE + 1));
      expectWhole(slice);
    }
  });

  test("does not take what does not join up with it, or is of another log", () => {
    const slice = sliceOf(pageBefore(1_000));
    for (const page of [pageBefore(800), pageBefore(900, "m8x2k1b7cq10")]) expect(putBefore(slice, page)).toBe(slice);
    for (const page of [pageBefore(1_300), pageBefore(1_100, "m8x2k1b7cq10")])
      expect(putBehind(slice, page)).toBe(slice);
  });

  test("that goes to the end of its room follows what comes, as long as there are rows for it", () => {
    const slice = sliceOf(pageBefore(HEAD + 1));
    const live = (last: number) => Array.from({ length: MOST_ROWS }, (_, n) => at(last - MOST_ROWS + 1 + n));
    expect(follow(slice, live(HEAD))).toBe(slice);
    const followed = follow(slice, live(HEAD + 3));
    expect(placesOf(followed)).toEqual(Array.from({ length: PAGE + 3 }, (_, n) => HEAD - PAGE + 1 + n));
    expect(followed.hasNewer).toBe(false);
    expect(follow(slice, live(HEAD + PAGE + 1))).toEqual({ ...slice, hasNewer: true }); // no room
    expect(follow(slice, live(HEAD + MOST_ROWS + 1))).toEqual({ ...slice, hasNewer: true }); // a hole
    const inside = sliceOf(pageBefore(1_000));
    expect(follow(inside, live(HEAD))).toBe(inside);
  });

  test("gives way to the live end once what is looked at is in both", () => {
    const live = Array.from({ length: MOST_ROWS }, (_, n) => at(HEAD - MOST_ROWS + 1 + n));
    const upTo = (place: number) => sliceOf(pageBefore(place + 1));
    expect(reaches(upTo(HEAD), live)).toBe(true);
    expect(reaches(upTo(HEAD - MOST_ROWS + 60), live)).toBe(true);
    expect(reaches(upTo(HEAD - MOST_ROWS + 10), live)).toBe(false);
    expect(reaches(upTo(100), live)).toBe(false);
    expect(reaches(sliceOf(pageBefore(HEAD, "m8x2k1b7cq10")), live)).toBe(false);
    expect(reaches(upTo(HEAD), [])).toBe(false);
    expect(reaches(upTo(HEAD), [at(HEAD)])).toBe(true);
  });
});
