import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../src/testing/index.ts";

describe("a fake clock", () => {
  test("runs timers at their time, in order of time and then of creation", () => {
    const clock = createFakeClock();
    const start = clock.now();
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name}@${clock.now() - start}`);
    clock.after(20, note("b"));
    clock.after(10, note("a"));
    clock.after(20, note("c"));
    clock.after(30, note("d"));
    clock.advance(20);
    expect(ran).toEqual(["a@10", "b@20", "c@20"]);
    expect(clock.pending).toBe(1);
    expect(clock.now() - start).toBe(20);
  });

  test("runs what timers start, when its time lies in the same stretch", () => {
    const clock = createFakeClock();
    const ran: number[] = [];
    const start = clock.now();
    const tick = () => {
      ran.push(clock.now() - start);
      clock.after(10, tick);
    };
    clock.after(10, tick);
    clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
  });

  test("goes to the next timer and no further, so that promise jobs can run between timers", () => {
    const clock = createFakeClock();
    const ran: string[] = [];
    clock.after(10, () => ran.push("a"));
    clock.after(10, () => ran.push("b"));
    clock.after(30, () => ran.push("c"));
    expect(clock.advanceToNext(100)).toBe(10);
    expect(ran).toEqual(["a", "b"]);
    expect(clock.advanceToNext(5)).toBe(5);
    expect(clock.advanceToNext(100)).toBe(15);
    expect(ran).toEqual(["a", "b", "c"]);
    expect(clock.advanceToNext(100)).toBe(100);
  });

  test("does the work that a timer defers before the next timer", () => {
    const clock = createFakeClock();
    const ran: string[] = [];
    clock.after(1, () => clock.defer(() => ran.push("deferred")));
    clock.after(1, () => ran.push("next timer"));
    clock.advance(1);
    expect(ran).toEqual(["deferred", "next timer"]);
  });

  test("ends a turn with what was deferred so far, and leaves what that defers to the next", () => {
    const clock = createFakeClock();
    const ran: string[] = [];
    clock.defer(() => {
      ran.push("first");
      clock.defer(() => ran.push("third"));
    });
    clock.defer(() => ran.push("second"));
    expect(ran).toEqual([]);
    clock.turn();
    expect(ran).toEqual(["first", "second"]);
    clock.turn();
    expect(ran).toEqual(["first", "second", "third"]);
  });

  test("settles promises and turns until nothing is deferred, while no time passes", async () => {
    const clock = createFakeClock();
    const ran: string[] = [];
    clock.after(0, () => ran.push("timer"));
    const work = async () => {
      for (let n = 0; n < 3; n++) {
        await new Promise<void>((done) => clock.defer(done));
        for (let jobs = 0; jobs < 50; jobs++) await null;
        ran.push(`work ${n}`);
      }
    };
    const done = work();
    await clock.settle();
    expect(ran).toEqual(["work 0", "work 1", "work 2"]);
    await done;
  });

  test("forgets a timer that was undone, before its time and among timers of that time", () => {
    const clock = createFakeClock();
    const ran: string[] = [];
    const undo = clock.after(10, () => ran.push("undone"));
    const late = clock.after(20, () => ran.push("undone by another timer"));
    clock.after(15, late);
    undo();
    undo();
    expect(clock.pending).toBe(2);
    clock.advance(100);
    expect(ran).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("steps its wall clock alone", () => {
    const clock = createFakeClock({ wall: 1_000_000 });
    const now = clock.now();
    let ran = 0;
    clock.after(100, () => ran++);
    clock.stepWall(-500_000);
    expect([clock.wall(), clock.now(), ran]).toEqual([500_000, now, 0]);
    clock.advance(100);
    expect([clock.wall(), clock.now(), ran]).toEqual([500_100, now + 100, 1]);
  });

  test("refuses to go back, a timer without a time, and work that defers itself for ever (P12)", async () => {
    const clock = createFakeClock();
    expect(() => clock.advance(-1)).toThrow("time goes forward only");
    expect(() => clock.after(Number.NaN, () => {})).toThrow("a timer needs a time");
    const again = () => clock.defer(again);
    again();
    expect(() => clock.advance(0)).toThrow("Work defers itself for ever");
  });
});
