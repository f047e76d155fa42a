/** The page of jobs. */
import { mount } from "../frame/mount.tsx";
import { PageFrame } from "../frame/page-frame.tsx";
import { useChosenJob } from "./chosen-job.ts";
import { client, shaper, useJobs } from "./client.ts";
import { Composer } from "./composer.tsx";
import { JobList } from "./job-list.tsx";
import { JobView } from "./job-view.tsx";

function Progress() {
  const { jobs, isWhole } = useJobs();
  const chosen = useChosenJob();
  const job = jobs.find(({ id }) => id === chosen);
  return (
    <PageFrame client={client} shaper={shaper} why={WHY} sources={["contract.ts", "server.ts", "client.ts"]}>
      <div className="progress">
        <Composer />
        {job ? <JobView key={job.id} job={job} /> : <NoJob isChosen={chosen !== undefined} isWhole={isWhole} />}
        <JobList jobs={jobs} chosen={chosen} />
      </div>
    </PageFrame>
  );
}

/** @param isWhole else the one that is chosen may still come */
function NoJob({ isChosen, isWhole }: { readonly isChosen: boolean; readonly isWhole: boolean }) {
  return (
    <div className="job no-job">
      {!isChosen && (
        <p className="quiet">
          Ask a question, or drop a file. Then reload this page, open it on another device, or cut the connection: the
          job goes on, and Stop reaches it from everywhere.
        </p>
      )}
      {isChosen && isWhole && (
        <p role="status">
          This server knows no such job. It keeps them in memory: what ran before it was started anew is gone.
        </p>
      )}
    </div>
  );
}

const WHY = (
  <>
    <p>
      A job belongs to the server. The call that asks for it is answered with its id at once; what it makes is a stream,
      which whoever comes reads from its start. So neither a reload nor a lost connection stops it, and Stop is a call
      of its own that ends the work itself.
    </p>
    <p>
      Progress is <em>latest</em>, ten times a second: a reader that is behind skips to the newest. The end is a
      reliable message, once.
    </p>
    <p>
      Down goes far more than up, so SSE serves as well as a WebSocket. Tokens of 30 ms travel together over any of
      them.
    </p>
  </>
);

mount(<Progress />);
