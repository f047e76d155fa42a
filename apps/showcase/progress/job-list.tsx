/** All jobs of this server, whoever asked for them. */
import { type MouseEvent, memo } from "react";
import { addressOf, chooseJob } from "./chosen-job.ts";
import type { Job } from "./contract.ts";
import { JobProgress } from "./job-view.tsx";
import { amountOf, stateOf } from "./wording.ts";

export interface JobListProps {
  readonly jobs: readonly Job[];
  readonly chosen: string | undefined;
}

export function JobList({ jobs, chosen }: JobListProps) {
  return (
    <nav className="jobs" aria-labelledby="jobs-title">
      <h2 id="jobs-title">Jobs</h2>
      {jobs.length === 0 && (
        <p className="quiet">None yet. Each one is listed on every device that looks at this page.</p>
      )}
      <ol>
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} isChosen={job.id === chosen} />
        ))}
      </ol>
    </nav>
  );
}

const JobRow = memo(({ job, isChosen }: { readonly job: Job; readonly isChosen: boolean }) => {
  function choose(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // in a tab of its own
    event.preventDefault();
    chooseJob(job.id);
  }
  return (
    <li>
      <a href={addressOf(job.id)} aria-current={isChosen} onClick={choose}>
        <span className="job-name">{job.title}</span>
        <span className="quiet">
          {stateOf(job)}, {amountOf(job)}
        </span>
        <JobProgress job={job} isRunning={job.state === "running"} />
      </a>
    </li>
  );
});
