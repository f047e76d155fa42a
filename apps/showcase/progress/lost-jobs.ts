/** Jobs whose desk went away without their end: the other desks have to say it. */
import type { Job } from "./contract.ts";

export interface LostJobsOptions {
  /** The desks that work now. */
  present(): Promise<ReadonlySet<string>>;
  end(job: Job): Promise<unknown>;
  /** What `present` and `end` throw. */
  onError(error: unknown): void;
}

export interface LostJobs {
  /** A job as it stands, whoever runs it. */
  heard(job: Job): void;
  /** Desks have come or gone. */
  look(): void;
}

export function createLostJobs({ present, end, onError }: LostJobsOptions): LostJobs {
  const running = new Map<string, Job>();
  let isAsked = false;
  let isLooking = false;

  function look(): void {
    isAsked = true;
    if (!isLooking) void lookWhileAsked();
  }

  async function lookWhileAsked(): Promise<void> {
    isLooking = true;
    while (isAsked) {
      isAsked = false;
      await lookOnce().catch(onError);
    }
    isLooking = false;
  }

  /** The jobs first: a desk is present before it has any, so one that is not there afterwards was there and went. */
  async function lookOnce(): Promise<void> {
    const jobs = [...running.values()];
    if (jobs.length === 0) return;
    const desks = await present();
    const lost = jobs.filter(({ id, desk }) => running.has(id) && !desks.has(desk));
    await Promise.all(lost.map(end));
  }

  return {
    heard(job) {
      const isNew = !running.has(job.id);
      if (job.state !== "running") running.delete(job.id);
      else running.set(job.id, job);
      if (isNew && job.state === "running") look();
    },
    look,
  };
}
