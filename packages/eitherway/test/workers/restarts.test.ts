import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../src/testing/index.ts";
import { createRestarts } from "../../src/workers/restarts.ts";

function start() {
  const clock = createFakeClock();
  let started = 0;
  const restarts = createRestarts(clock, () => void started++);
  return { clock, restarts, started: () => started };
}

describe("a worker that ends", () => {
  test("is started again at once", () => {
    const { clock, restarts, started } = start();
    expect(restarts.add(60_000)).toBe(0);
    clock.advance(0);
    expect(started()).toBe(1);
  });

  test("and ends again soon waits longer each time, up to 30 s, until one has lived for 10 s (P6)", () => {
    const { restarts } = start();
    const pauses = Array.from({ length: 12 }, () => restarts.add(50));
    expect(pauses).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    expect([restarts.add(10_000), restarts.add(50)]).toEqual([0, 100]);
  });

  test("is not started any more once the primary ends (P10)", () => {
    const { clock, restarts, started } = start();
    restarts.add(50);
    restarts.add(50);
    restarts.stop();
    clock.advance(60_000);
    expect([started(), clock.pending]).toEqual([0, 0]);
  });
});
