/** The rhythm of a page's frames, which the test plays. */
import { afterAll, beforeEach, expect, test, vi } from "vitest";

const frames = new Map<number, () => void>();
let asked = 0;

vi.stubGlobal("requestAnimationFrame", (run: () => void) => {
  frames.set(++asked, run);
  return asked;
});
vi.stubGlobal("cancelAnimationFrame", (id: number) => void frames.delete(id));
vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
const { pageClock } = await import("../../src/react/page-clock.ts");

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

beforeEach(() => {
  frames.clear();
  vi.clearAllTimers();
});

function frame(): void {
  const due = [...frames.values()];
  frames.clear();
  for (const run of due) run();
}

function createRuns() {
  const runs: string[] = [];
  return { runs, next: (name: string) => pageClock.nextFrame?.(() => runs.push(name)) };
}

test("what is told between two frames has the next one for itself", () => {
  const { runs, next } = createRuns();
  next("a");
  frame();
  expect(runs).toEqual([]);
  frame();
  expect(runs).toEqual(["a"]);
});

test("what is told within a frame is followed in the very next one, so that each frame has one render", () => {
  let beats = 0;
  const beat = (): void => {
    beats++;
    pageClock.nextFrame?.(beat);
  };
  pageClock.nextFrame?.(beat);
  for (let n = 0; n < 10; n++) frame();
  expect(beats).toBe(9);
});

test("a page that nobody sees goes on without frames, and the frame that comes after all runs nothing twice", () => {
  const { runs, next } = createRuns();
  next("a");
  vi.advanceTimersByTime(249);
  expect(runs).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(runs).toEqual(["a"]);
  frame();
  expect(runs).toEqual(["a"]);
  next("b");
  vi.advanceTimersByTime(250);
  expect(runs).toEqual(["a", "b"]);
  expect(vi.getTimerCount()).toBe(0);
});
