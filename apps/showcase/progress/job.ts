/** The life of a job: it runs, tells how far it is, and ends once. */
import type { Job, JobEnd } from "./contract.ts";

export type JobPlan = Pick<Job, "id" | "kind" | "title" | "by" | "desk">;
export type JobProgress = Partial<Pick<Job, "step" | "done" | "total">>;
/** How its work came out. */
export type Outcome = Pick<JobEnd, "state" | "why" | "file">;

export function beginJob({ id, kind, title, by, desk }: JobPlan, now: number): Job {
  return { id, kind, title, by, desk, startedAt: now, state: "running", step: "Starting", done: 0 };
}

/** The same job where it is over: what comes late changes nothing. */
export function advanceJob(job: Job, progress: JobProgress): Job {
  return job.state === "running" ? { ...job, ...progress } : job;
}

/** @returns `undefined` for a job that has its end: whoever gets one is the only one, and tells it */
export function endJob(
  job: Job,
  outcome: Outcome,
  now: number,
): { readonly job: Job; readonly end: JobEnd } | undefined {
  if (job.state !== "running") return undefined;
  const end = { ...outcome, tookMs: Math.max(0, now - job.startedAt), done: job.done };
  return { job: { ...job, state: outcome.state }, end };
}
