/** The platform of browsers and Node, on timers that the test moves. */
import { afterEach, expect, test, vi } from "vitest";
import { webPlatform } from "../../src/client/platform.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a time longer than platforms can count is long, not over at once", () => {
  vi.useFakeTimers();
  const run = vi.fn();
  const undo = webPlatform.clock.after(1e12, run); // what a Retry-After of years comes to
  vi.advanceTimersByTime(24 * 60 * 60 * 1_000);
  expect(run).not.toHaveBeenCalled();
  undo();
  expect(vi.getTimerCount()).toBe(0);
});
