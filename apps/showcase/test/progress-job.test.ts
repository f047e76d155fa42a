import { expect, test } from "vitest";
import { advanceJob, beginJob, endJob } from "../progress/job.ts";

const PLAN = {
  id: "7c1b6a3e-0000-4000-8000-000000000001",
  kind: "file",
  title: "a.bin",
  by: "By node.",
  desk: "desk-1",
} as const;

test("a job runs, tells how far it is, and ends with what it had done", () => {
  const job = advanceJob(beginJob(PLAN, 1_000), { step: "Receiving", done: 5, total: 10 });
  expect(job).toEqual({ ...PLAN, startedAt: 1_000, state: "running", step: "Receiving", done: 5, total: 10 });
  const ended = endJob(job, { state: "cancelled" }, 3_500);
  expect(ended?.job.state).toBe("cancelled");
  expect(ended?.end).toEqual({ state: "cancelled", tookMs: 2_500, done: 5 });
});

test("a job that is over neither goes on nor ends again", () => {
  const over = endJob(beginJob(PLAN, 0), { state: "done" }, 1)?.job;
  if (!over) throw new Error("it has not ended");
  expect(advanceJob(over, { done: 9 })).toBe(over);
  expect(endJob(over, { state: "failed", why: "late" }, 2)).toBeUndefined();
});

test("a clock that is set back makes no job end before it began", () => {
  expect(endJob(beginJob(PLAN, 1_000), { state: "done" }, 400)?.end.tookMs).toBe(0);
});
