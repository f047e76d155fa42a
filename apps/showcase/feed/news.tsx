/** The line above the headlines: what waits, what was missed, and what cannot be had any more. It keeps its room, so nothing below moves. */
import { HISTORY_URL, type Reading } from "./client.ts";
import { missedCount } from "./reading-list.ts";

export interface NewsProps {
  readonly reading: Reading;
  show(): void;
}

export function News({ reading, show }: NewsProps) {
  const count = reading.list.waiting.length;
  return (
    <div className="news">
      <button type="button" className={count > 0 ? "main" : undefined} disabled={count === 0} onClick={show}>
        {count > 0 ? `${count} new ${itemsWord(count)}` : "Nothing new"}
      </button>
      <p className="quiet" role="status">
        <Words reading={reading} />
      </p>
    </div>
  );
}

function Words({ reading: { list, isCaughtUp, awaySince, gap, error } }: Pick<NewsProps, "reading">) {
  if (error !== undefined) return error;
  if (gap) {
    return (
      <>
        Some headlines since your last visit are not kept any more ({gap.why}).{" "}
        <a href={HISTORY_URL} target="_blank" rel="noopener">
          What is kept
        </a>
      </>
    );
  }
  if (!isCaughtUp) return awaySince === undefined ? "Reading…" : "Reading what you missed…";
  if (awaySince === undefined) return "New here: this browser remembers your place.";
  const missed = missedCount(list);
  if (missed === 0) return `You have seen everything since ${WHEN.format(awaySince)}.`;
  return `You were away since ${WHEN.format(awaySince)}: ${missed} ${itemsWord(missed)}.`;
}

const WHEN = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  hourCycle: "h23",
  hour: "2-digit",
  minute: "2-digit",
});

function itemsWord(count: number): string {
  return count === 1 ? "item" : "items";
}
