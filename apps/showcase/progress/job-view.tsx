/** One job: what it is, how it stands, what it has made so far. */
import { memo, useLayoutEffect, useRef, useState } from "react";
import { stop, useAnswer, useEnd } from "./client.ts";
import type { Job, JobEnd } from "./contract.ts";
import { amountOf, sizeOf, stateOf, timeOf } from "./wording.ts";

export function JobView({ job }: { readonly job: Job }) {
  const end = useEnd(job.id);
  const isRunning = (end?.state ?? job.state) === "running";
  return (
    <article className="job" aria-labelledby="job-title" aria-busy={isRunning}>
      <header>
        <div className="job-heading">
          <h2 id="job-title">{job.title}</h2>
          <p className="quiet">{job.by}</p>
        </div>
        <StopButton key={job.id} job={job} isRunning={isRunning} />
        <p className="job-state" data-state={end?.state ?? job.state}>
          <span role="status">{stateOf(job, end)}</span>
          <span className="quiet">
            {amountOf(job)}
            {end && ` in ${timeOf(end.tookMs)}`}
          </span>
        </p>
        <JobProgress job={job} isRunning={isRunning} />
      </header>
      {end?.why && <p className="job-why">{end.why}</p>}
      {job.kind === "answer" ? <Answer id={job.id} /> : <FileResult end={end} />}
    </article>
  );
}

function StopButton({ job, isRunning }: { readonly job: Job; readonly isRunning: boolean }) {
  const [isStopping, setStopping] = useState(false);
  function begin(): void {
    setStopping(true);
    stop(job).catch(() => setStopping(false)); // the client's error is on the page
  }
  return (
    <button type="button" onClick={begin} disabled={!isRunning || isStopping}>
      {isRunning && isStopping ? "Stopping" : "Stop"}
    </button>
  );
}

/** Without a total it only says that something goes on. */
export function JobProgress({ job, isRunning }: { readonly job: Job; readonly isRunning: boolean }) {
  const { title, done, total } = job;
  const amount = isRunning
    ? total === undefined
      ? {}
      : { value: done, max: Math.max(1, total) }
    : { value: 1, max: 1 };
  return <progress aria-label={`Progress of ${title}`} data-state={isRunning ? "running" : "over"} {...amount} />;
}

/** Follows the text as it grows, until its reader scrolls up. */
function Answer({ id }: { readonly id: string }) {
  const text = useAnswer(id);
  const box = useRef<HTMLElement>(null);
  const isFollowing = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the text that makes the box longer
  useLayoutEffect(() => {
    if (box.current && isFollowing.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <section
      ref={box}
      className="answer"
      aria-label="Answer"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isFollowing.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      }}
    >
      {paragraphsOf(text).map(({ key, text: paragraph }) => (
        <Paragraph key={key} text={paragraph} />
      ))}
    </section>
  );
}

const NEAR_PX = 24;

/** Only the last one changes while text is coming. */
const Paragraph = memo(({ text }: { readonly text: string }) => <p>{text}</p>);

function paragraphsOf(text: string): readonly { readonly key: number; readonly text: string }[] {
  return text.split(/\n{2,}/).map((paragraph, key) => ({ key, text: paragraph }));
}

/** The room is there before the figures are. */
function FileResult({ end }: { readonly end: JobEnd | undefined }) {
  const file = end?.file;
  const saved = file && file.bytes > 0 ? ` (${((100 * file.gzipBytes) / file.bytes).toFixed(1)} %)` : "";
  return (
    <dl className="file-result">
      <div>
        <dt>SHA-256</dt>
        <dd>{file?.sha256 ?? "–"}</dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd>{file ? sizeOf(file.bytes) : "–"}</dd>
      </div>
      <div>
        <dt>Compressed by gzip</dt>
        <dd>{file ? sizeOf(file.gzipBytes) + saved : "–"}</dd>
      </div>
    </dl>
  );
}
