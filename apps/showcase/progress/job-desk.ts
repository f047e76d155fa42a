/** Runs jobs apart from whoever asked for them: a job has its own signal, and ends with one record whatever becomes of its work. */
import type { Job, JobEnd } from "./contract.ts";
import { advanceJob, beginJob, endJob, type JobPlan, type JobProgress, type Outcome } from "./job.ts";

export interface JobControls {
  /** Aborts when the job is stopped, and when the desk closes. */
  readonly signal: AbortSignal;
  report(progress: JobProgress): void;
}

/** Resolves with what came out; what it throws is the sentence by which the job failed, unless it was stopped. */
export type Work = (controls: JobControls) => Promise<JobEnd["file"]>;

export interface JobDeskOptions {
  /** Of this desk. */
  readonly id: string;
  /** Jobs at once. Default 8. */
  readonly most?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** A job as it stands, after each change. */
  tell(job: Job): unknown;
  /** The one end of a job, after what it made. Resolves with the one that stands: another desk may have taken this one for lost. */
  record(id: string, end: JobEnd): Promise<JobEnd>;
  /** What `tell` and `record` throw. */
  onError(error: unknown): void;
}

export type Start = "started" | "busy" | "known";

export interface JobDesk {
  readonly most: number;
  /** `busy`: there are `most` already. `known`: a job has had this id. Nothing is started then. */
  start(plan: Omit<JobPlan, "desk">, work: Work): Start;
  /** Resolves once the job has ended and its end is recorded; at once where it does not run here. */
  stop(id: string): Promise<void>;
  /** Says the end of a job whose own desk is gone, unless somebody has. */
  endLost(job: Job): Promise<void>;
  /** Ends all jobs as failed, since nobody goes on with them. */
  close(): Promise<void>;
}

const MOST = 8;
/** An id is used once, so that no job has two ends. */
const REMEMBERED = 1_000;

interface Running {
  readonly abort: AbortController;
  readonly over: Promise<void>;
}

export function createJobDesk(options: JobDeskOptions): JobDesk {
  const { most = MOST, now = Date.now, onError } = options;
  const running = new Map<string, Running>();
  const known = new Set<string>();

  async function run(plan: JobPlan, work: Work, signal: AbortSignal): Promise<void> {
    let job = beginJob(plan, now());
    const report = (progress: JobProgress): void => {
      const next = advanceJob(job, progress);
      if (next !== job) tell(next);
      job = next;
    };
    tell(job);
    const outcome = await outcomeOf(work, { signal, report });
    const running = job;
    job = { ...job, state: outcome.state }; // what comes late changes nothing
    await end(running, outcome);
  }

  async function end(job: Job, outcome: Outcome): Promise<void> {
    const ended = endJob(job, outcome, now());
    if (!ended) return;
    const { state } = await options.record(job.id, ended.end);
    tell({ ...ended.job, state });
  }

  function tell(job: Job): void {
    Promise.resolve(options.tell(job)).catch(onError);
  }

  function remember(id: string): void {
    known.add(id);
    const [oldest] = known;
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
  }

  return {
    most,
    start(plan, work) {
      if (known.has(plan.id)) return "known";
      if (running.size >= most) return "busy";
      remember(plan.id);
      const abort = new AbortController();
      const over = run({ ...plan, desk: options.id }, work, abort.signal)
        .catch(onError)
        .finally(() => running.delete(plan.id));
      running.set(plan.id, { abort, over });
      return "started";
    },
    async stop(id) {
      const job = running.get(id);
      job?.abort.abort(STOPPED);
      await job?.over;
    },
    endLost: (job) => end(job, LOST),
    async close() {
      const jobs = [...running.values()];
      for (const { abort } of jobs) abort.abort(new Error("The server ended before the job did."));
      await Promise.all(jobs.map(({ over }) => over));
    },
  };
}

const STOPPED = Symbol("stopped");
const LOST: Outcome = { state: "failed", why: "The server that did this went away before its end." };

/** Whoever asks for a stop before the end gets one, also where the work was quicker. */
async function outcomeOf(work: Work, controls: JobControls): Promise<Outcome> {
  const { signal } = controls;
  try {
    const file = await work(controls);
    if (!signal.aborted) return { state: "done", ...(file && { file }) };
  } catch (thrown) {
    if (!signal.aborted) return { state: "failed", why: sentenceOf(thrown) };
  }
  return signal.reason === STOPPED ? { state: "cancelled" } : { state: "failed", why: sentenceOf(signal.reason) };
}

function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
