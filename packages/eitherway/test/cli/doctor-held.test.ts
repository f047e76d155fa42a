/** What the doctor makes of the times at which messages came. */
import { describe, expect, test } from "vitest";
import { heldBack } from "../../src/cli/doctor/held.ts";
import type { Line } from "../../src/cli/doctor/lines.ts";
import type { Publish } from "../../src/cli/doctor/visit.ts";

const COUNT = 20;
const EVERY_MS = 100;
const UNTIL = 10_000;
const SMALL = 20;
const LARGE = 1_000;

interface Came {
  readonly number: number;
  readonly at: number;
}

function publishesWithout(...refused: readonly number[]): readonly Publish[] {
  return Array.from({ length: COUNT }, (_, number) => {
    const sentAt = number * EVERY_MS;
    return refused.includes(number)
      ? { number, sentAt, status: 503 }
      : { number, sentAt, status: 201, answeredAt: sentAt };
  });
}

/** A line over which these messages came; those of the second half are large. */
function line(came: readonly Came[]): Line {
  const arrivals = came.map(({ number, at }) => ({
    at,
    data: JSON.stringify({ number, pad: "x".repeat(number < COUNT / 2 ? SMALL : LARGE) }),
  }));
  return {
    name: "line",
    headers: {},
    arrivals,
    openedAt: 0,
    lastByteAt: 0,
    survivedMs: 0,
    ended: Promise.resolve(),
    close() {},
  };
}

/** Each message as a hop hands it on that waits until so many bytes are there. */
function inBunchesOf(bytes: number): readonly Came[] {
  const came: Came[] = [];
  let waiting: number[] = [];
  let held = 0;
  for (let number = 0; number < COUNT; number++) {
    waiting.push(number);
    held += number < COUNT / 2 ? SMALL : LARGE;
    if (held < bytes) continue;
    came.push(...waiting.map((one) => ({ number: one, at: number * EVERY_MS })));
    [waiting, held] = [[], 0];
  }
  return came;
}

const every = (ms: number): readonly Came[] =>
  Array.from({ length: COUNT }, (_, number) => ({ number, at: Math.ceil((number * EVERY_MS + 1) / ms) * ms }));

describe("messages are held back", () => {
  test("not when each comes as it was published, whatever others were refused", () => {
    const publishes = publishesWithout(0, 3, 4, 11);
    const came = publishes.flatMap(({ number, sentAt, answeredAt }) =>
      answeredAt === undefined ? [] : [{ number, at: sentAt + 5 }],
    );
    expect(heldBack(line(came), publishes, UNTIL)).toMatchObject({ count: 16, late: 0, missing: 0, longestMs: 5 });
  });

  test("for as long as the longest was", () => {
    const held = heldBack(line(every(1_000)), publishesWithout(), UNTIL);
    expect(held).toMatchObject({ count: COUNT, missing: 0, longestMs: 1_000 });
    expect(held.late).toBeGreaterThan(COUNT / 2);
  });

  test("until the end, where they never came", () => {
    expect(heldBack(line([]), publishesWithout(), UNTIL)).toMatchObject({
      late: COUNT,
      missing: COUNT,
      longestMs: UNTIL,
      bunches: 0,
    });
  });

  test("not after its line had ended", () => {
    const came = every(1).filter(({ at }) => at < EVERY_MS * 8);
    const held = heldBack({ ...line(came), endedAt: EVERY_MS * 8 - 1 }, publishesWithout(), UNTIL);
    expect(held).toMatchObject({ count: 8, late: 0, missing: 0 });
  });

  test("by no hop, where the look ended right after the publish", () => {
    expect(heldBack(line([]), publishesWithout(), 0)).toMatchObject({ late: 0, missing: 0 });
  });

  test("not on a line that did not open", () => {
    const { headers: _, ...refused } = line([]);
    expect(heldBack(refused, publishesWithout(), UNTIL)).toMatchObject({ count: 0, late: 0 });
  });
});

describe("the rule of bunches", () => {
  const rule = (came: readonly Came[]) => heldBack(line(came), publishesWithout(), UNTIL).rule;

  test("is a time, where they come at equal distances and of any size", () => {
    expect(rule(every(500))).toEqual({ everyMs: 500 });
  });

  test("is a number of bytes, where they are alike and come ever faster", () => {
    const { bytes = 0 } = (rule(inBunchesOf(2_000)) ?? {}) as { readonly bytes?: number };
    expect(bytes).toBeGreaterThanOrEqual(2_000);
    expect(bytes).toBeLessThan(3_200);
  });

  test("cannot be told from two", () => {
    expect(rule(every(1_000))).toBeUndefined();
  });
});
