/** The headlines, newest first, with a line under those that were missed. */
import { memo } from "react";
import type { ShownHeadline } from "./reading-list.ts";

export interface HeadlineListProps {
  readonly headlines: readonly ShownHeadline[];
  /** There is nothing more to wait for. */
  readonly isEmpty: boolean;
}

export const HeadlineList = memo(function HeadlineList({ headlines, isEmpty }: HeadlineListProps) {
  const lastMissed = headlines.findLastIndex(({ wasMissed }) => wasMissed);
  if (headlines.length === 0) return <p className="feed-empty quiet">{isEmpty ? "No headlines yet." : "Reading…"}</p>;
  return (
    <ol className="headlines" aria-label="Headlines">
      {headlines.map((headline, place) => (
        <li key={headline.item.entry} className={place === lastMissed ? "last-missed" : undefined}>
          <Headline headline={headline} />
        </li>
      ))}
    </ol>
  );
});

function Headline({ headline: { at, item, wasMissed, isUpdate } }: { readonly headline: ShownHeadline }) {
  const { title, url, source, summary, published = at } = item;
  const mark = isUpdate ? "Updated" : wasMissed ? "Missed" : undefined;
  return (
    <article className={wasMissed ? "headline missed" : "headline"}>
      <h2>
        {url ? (
          <a href={url} target="_blank" rel="noopener noreferrer">
            {title}
          </a>
        ) : (
          title
        )}
      </h2>
      <p className="quiet">
        {source} · <time dateTime={new Date(published).toISOString()}>{timeOf(published)}</time>
        {mark && <span className="mark">{mark}</span>}
      </p>
      {summary && <p className="summary">{summary}</p>}
    </article>
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

function timeOf(ms: number): string {
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return isToday ? TIME.format(ms) : `${DAY.format(ms)}, ${TIME.format(ms)}`;
}
