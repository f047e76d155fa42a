import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTimerWheel, type WheelTask } from "../../src/core/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";

const TICK_MS = 100;
const TURN_MS = 512 * TICK_MS;

function start() {
  const clock = createFakeClock();
  const wheel = createTimerWheel(clock);
  const fired: string[] = [];
  const task = (name: string, then: () => void = () => {}): WheelTask => ({
    fire() {
      fired.push(name);
      then();
    },
  });
  return { clock, wheel, fired, task };
}

describe("the timer wheel", () => {
  test("fires nothing early and everything within two ticks of its time, whatever the delay", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.integer({ min: 0, max: 3 * TURN_MS }), after: fc.nat(250) }), { maxLength: 30 }),
        (plans) => {
          const { clock, wheel } = start();
          const late: number[] = [];
          for (const { ms, after } of plans) {
            clock.advance(after);
            const due = clock.now() + ms;
            wheel.schedule({ fire: () => late.push(clock.now() - due) }, ms);
          }
          clock.advance(4 * TURN_MS);
          expect(late).toHaveLength(plans.length);
          for (const ms of late) {
            expect(ms).toBeGreaterThan(0);
            // A tick of resolution, and one more until the platform timer that was armed at an odd moment comes round.
            expect(ms).toBeLessThanOrEqual(2 * TICK_MS);
          }
        },
      ),
    );
  });

  test("fires a task once, and forgets one that was cancelled", () => {
    const { clock, wheel, fired, task } = start();
    const cancelled = task("cancelled");
    wheel.schedule(task("kept"), 1_000);
    wheel.schedule(cancelled, 1_000);
    wheel.cancel(cancelled);
    wheel.cancel(cancelled);
    expect(wheel.size).toBe(1);
    clock.advance(10 * TURN_MS);
    expect(fired).toEqual(["kept"]);
    expect(wheel.size).toBe(0);
  });

  test("moves a task that is scheduled again, forward and back", () => {
    const { clock, wheel, fired, task } = start();
    const [later, sooner] = [task("later"), task("sooner")];
    wheel.schedule(later, 1_000);
    wheel.schedule(sooner, 60_000);
    wheel.schedule(later, 30_000);
    wheel.schedule(sooner, 2_000);
    expect(wheel.size).toBe(2);
    clock.advance(2_500);
    expect(fired).toEqual(["sooner"]);
    clock.advance(30_000);
    expect(fired).toEqual(["sooner", "later"]);
  });

  test("lets a task schedule itself again, and cancel others that are due in the same tick", () => {
    const { clock, wheel, fired, task } = start();
    const victim = task("victim");
    const beat: WheelTask = task("beat", () => {
      wheel.cancel(victim);
      wheel.schedule(beat, 1_000);
    });
    wheel.schedule(beat, 1_000);
    wheel.schedule(victim, 1_000);
    clock.advance(10_500);
    expect(fired.filter((name) => name === "victim")).toEqual([]);
    expect(fired.length).toBeGreaterThanOrEqual(9);
    expect(fired.length).toBeLessThanOrEqual(10);
    expect(wheel.size).toBe(1);
  });

  test("runs one platform timer while something waits, and none while nothing does (P6)", () => {
    const { clock, wheel, task } = start();
    expect(clock.pending).toBe(0);
    const tasks = Array.from({ length: 10_000 }, (_, n) => task(String(n)));
    for (const [n, one] of tasks.entries()) wheel.schedule(one, n);
    expect(wheel.size).toBe(10_000);
    expect(clock.pending).toBe(1);
    for (const one of tasks.slice(1)) wheel.cancel(one);
    expect(clock.pending).toBe(1);
    clock.advance(1_000);
    expect(wheel.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("fires what came due during a sleep of hours at once, once, and leaves the rest in time", () => {
    const { fired, task } = start();
    // The platform's timers stood still as well: the first one comes hours late.
    const timers: (() => void)[] = [];
    let now = 0;
    const sleeping = createTimerWheel({
      wall: () => now,
      now: () => now,
      after(_ms, run) {
        timers.push(run);
        return () => {};
      },
      defer() {},
    });
    for (const [name, ms] of [
      ["slept through", 1_000],
      ["slept through long ago", 40_000],
      ["after the sleep", 5 * TURN_MS],
    ] as const) {
      sleeping.schedule(task(name), ms);
    }
    now = 3 * TURN_MS + 50;
    timers.shift()?.();
    expect(fired.toSorted()).toEqual(["slept through", "slept through long ago"]);
    now = 5 * TURN_MS;
    timers.shift()?.();
    expect(fired).toHaveLength(2);
    now += TICK_MS;
    timers.shift()?.();
    expect(fired.at(-1)).toBe("after the sleep");
    expect(sleeping.size).toBe(0);
    expect(timers).toEqual([]);
  });

  test("starts anew after it stood still, without firing early", () => {
    const { clock, wheel, fired, task } = start();
    wheel.schedule(task("first"), 100);
    clock.advance(1_000);
    clock.advance(7 * TURN_MS + 33);
    wheel.schedule(task("second"), 1_000);
    clock.advance(1_000);
    expect(fired).toEqual(["first"]);
    clock.advance(2 * TICK_MS);
    expect(fired).toEqual(["first", "second"]);
  });
});
