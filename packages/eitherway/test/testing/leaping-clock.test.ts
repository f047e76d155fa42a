import { expect, test } from "vitest";
import { createLeapingClock } from "../../src/testing/index.ts";

const MINUTE_MS = 60_000;

test("a leap runs what comes due, in order of time, and leaves what is later or was undone", () => {
  const clock = createLeapingClock();
  const ran: string[] = [];
  clock.after(2 * MINUTE_MS, () => ran.push("second"));
  clock.after(MINUTE_MS, () => ran.push("first"));
  clock.after(4 * MINUTE_MS, () => ran.push("third"));
  const undo = clock.after(MINUTE_MS, () => ran.push("never"));
  undo();
  clock.leap(3 * MINUTE_MS);
  expect(ran).toEqual(["first", "second"]);
  clock.leap(MINUTE_MS);
  expect(ran).toEqual(["first", "second", "third"]);
});

test("a timer that another one undoes during the leap does not run; one that it starts has its whole time", () => {
  const clock = createLeapingClock();
  const ran: string[] = [];
  clock.after(MINUTE_MS, () => {
    undo();
    clock.after(MINUTE_MS, () => ran.push("started"));
  });
  const undo = clock.after(2 * MINUTE_MS, () => ran.push("never"));
  clock.leap(3 * MINUTE_MS);
  expect(ran).toEqual([]);
  clock.leap(MINUTE_MS);
  expect(ran).toEqual(["started"]);
});

test("a timer that is due in a month, or never, waits", async () => {
  const clock = createLeapingClock();
  const ran: string[] = [];
  clock.after(30 * 24 * 60 * MINUTE_MS, () => ran.push("month"));
  clock.after(Number.POSITIVE_INFINITY, () => ran.push("never"));
  await new Promise<void>((resolve) => clock.after(10, resolve));
  expect(ran).toEqual([]);
  clock.leap(30 * 24 * 60 * MINUTE_MS);
  expect(ran).toEqual(["month"]);
});

test("time goes by itself as well, and both clocks leap", async () => {
  const clock = createLeapingClock();
  const [now, wall] = [clock.now(), clock.wall()];
  await new Promise<void>((resolve) => clock.after(10, resolve));
  const waited = clock.now() - now; // not quite 10: timers count from when their turn of the event loop began
  expect(waited).toBeGreaterThan(0);
  clock.leap(MINUTE_MS);
  expect(clock.now() - now).toBeGreaterThanOrEqual(MINUTE_MS + waited);
  expect(clock.wall() - wall).toBeGreaterThanOrEqual(MINUTE_MS);
});

test("a timer that a leap has brought near comes at its time", async () => {
  const clock = createLeapingClock();
  const due = new Promise<void>((resolve) => clock.after(MINUTE_MS, resolve));
  clock.leap(MINUTE_MS - 10);
  await due;
});
