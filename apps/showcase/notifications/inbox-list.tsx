/** The notifications of an inbox, newest first. Rows have their places by transforms: what arrives and what expires shifts no layout. */
import type { CSSProperties } from "react";
import { markRead } from "./client.ts";
import type { InboxItem } from "./inbox.ts";

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const UNTIL = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function InboxList({ items }: { readonly items: readonly InboxItem[] }) {
  return (
    <div className="rows">
      {items.length === 0 && <p className="rows-empty quiet">Nothing to tell. Send yourself one.</p>}
      <ol aria-label="Notifications" style={{ "--rows": items.length } as CSSProperties}>
        {items.map((item, index) => (
          <Row key={item.id} item={item} index={index} />
        ))}
      </ol>
    </div>
  );
}

function Row({ item, index }: { readonly item: InboxItem; readonly index: number }) {
  const { id, at, title, body, link, expiresAt, isRead } = item;
  return (
    <li className={isRead ? "row" : "row unread"} style={{ "--index": index } as CSSProperties}>
      <h3>
        {title}
        {!isRead && <span className="unseen"> (unread)</span>}
      </h3>
      <p className="row-body">{body}</p>
      <p className="quiet row-time">
        <time dateTime={new Date(at).toISOString()}>{TIME.format(at)}</time>
        {expiresAt !== undefined && ` · until ${UNTIL.format(expiresAt)}`}
        {link !== undefined && (
          <>
            {" · "}
            <a href={link} rel="noopener" onClick={() => void markRead([id])}>
              Open
            </a>
          </>
        )}
      </p>
      {!isRead && (
        <button type="button" onClick={() => void markRead([id])} aria-label={`Mark “${title}” read`}>
          Read
        </button>
      )}
    </li>
  );
}
