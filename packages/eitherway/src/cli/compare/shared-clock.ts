/** The clock of a comparison: monotonic, and the same in every process of this machine. */
import process from "node:process";
import type { RoundClock } from "../../instrument/index.ts";

const NANOS_PER_MS = 1_000_000;

/**
 * `process.hrtime` counts from a point that processes share (CLOCK_MONOTONIC, mach_absolute_time, QueryPerformanceCounter), so a
 * delay from one to another needs no estimate of how their clocks differ. `performance.now` counts from each process's own start.
 */
export const sharedClock: RoundClock = {
  now: () => Number(process.hrtime.bigint()) / NANOS_PER_MS,
  after(ms, run) {
    const timer = setTimeout(run, Math.ceil(ms));
    return () => clearTimeout(timer);
  },
};
