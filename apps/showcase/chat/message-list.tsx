/** The messages that are looked at. What is read stays where it is on the screen while pages come and go around it. */
import { Component, memo, type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { nameOf } from "../frame/visitor.ts";
import type { ShownItem } from "./client.ts";
import { placeOf } from "./slice.ts";

export interface MessageListProps {
  readonly items: readonly ShownItem[];
  readonly me: string;
  /** Users by the id of the last message that they have read. */
  readonly readers: ReadonlyMap<string, readonly string[]>;
  readonly hasNewer: boolean;
  /** Changes when the end shall be looked at. */
  readonly jumps: number;
  /** Nearly at one of its ends. */
  nearStart(): void;
  nearEnd(): void;
  /** The newest message can be seen, or no more. */
  atEnd(isThere: boolean): void;
  edit(item: ShownItem): void;
  remove(item: ShownItem): void;
  /** What stands behind the messages. */
  readonly children: ReactNode;
}

/** Nearer to the end than this, a reader wants to see what comes. */
const STICKY_PX = 60;
/** So many screens before an end its next page is asked for. */
const AHEAD_SCREENS = 1.5;

/** What of the list was on the screen. */
interface View {
  readonly scrollTop: number;
  /** The first row that could be seen. */
  readonly row: { readonly id: string; readonly top: number } | undefined;
}

export function MessageList(props: MessageListProps) {
  const { items, me, readers, hasNewer, jumps, children } = props;
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const view = useRef<View>(undefined);
  const jumped = useRef(jumps);
  const readFor = useRef<Pick<MessageListProps, "items" | "hasNewer">>(undefined);
  const newest = useRef(props);
  newest.current = props;

  function look(): void {
    const box = list.current;
    if (!box) return;
    const { atEnd, hasNewer } = newest.current;
    see(box, hasNewer);
    atEnd(isAtEnd.current);
    readAhead(box, newest.current);
  }

  function see(box: HTMLElement, hasNewer: boolean): void {
    isAtEnd.current = belowOf(box) < STICKY_PX && !hasNewer;
    view.current = viewOf(box);
  }

  /** Scrolled, and not told of it yet: else what is rendered in the same moment would take it back. */
  function seeBefore({ hasNewer }: BeforeChangeProps): void {
    const box = list.current;
    if (box && box.scrollTop !== view.current?.scrollTop) see(box, hasNewer);
  }

  function settle(): void {
    const box = list.current;
    if (!box) return;
    if (jumped.current !== newest.current.jumps) isAtEnd.current = true;
    jumped.current = newest.current.jumps;
    if (isAtEnd.current && !newest.current.hasNewer) box.scrollTop = box.scrollHeight;
    else keepPlace(box, view.current);
    view.current = viewOf(box);
    const { items, hasNewer } = newest.current;
    const before = readFor.current;
    if (before?.items === items && before.hasNewer === hasNewer) return; // what is refused is asked for again by who scrolls
    readFor.current = { items, hasNewer };
    readAhead(box, newest.current);
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: after every render that shows something else
  useLayoutEffect(settle, [items, hasNewer, jumps, children]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: it reads what is newest by itself
  useEffect(() => {
    const box = list.current;
    if (!box) return;
    const observer = new ResizeObserver(settle);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to scroll by keyboard as well
    <div className="messages" ref={list} role="log" aria-label="Messages" tabIndex={0} onScroll={look}>
      <BeforeChange hasNewer={hasNewer} run={seeBefore} />
      <ol className="stored">
        {items.map((item, index) => (
          <Row
            key={item.id}
            item={item}
            isOwn={item.meta.from === me}
            isHead={!continues(items[index - 1], item)}
            readers={readers.get(item.id) ?? NOBODY}
            edit={props.edit}
            remove={props.remove}
          />
        ))}
      </ol>
      {children}
    </div>
  );
}

const NOBODY: readonly string[] = [];

function belowOf({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - scrollTop - clientHeight;
}

function readAhead(box: HTMLElement, { nearStart, nearEnd }: Pick<MessageListProps, "nearStart" | "nearEnd">): void {
  const ahead = AHEAD_SCREENS * box.clientHeight;
  if (box.scrollTop < ahead) nearStart();
  if (belowOf(box) < ahead) nearEnd();
}

function viewOf(box: HTMLElement): View {
  const { top, bottom } = box.getBoundingClientRect();
  const seen = [...box.querySelectorAll<HTMLElement>("[data-id]")].find((row) => {
    const place = row.getBoundingClientRect();
    return place.bottom > top && place.top < bottom;
  });
  const row = seen && { id: seen.dataset.id ?? "", top: seen.getBoundingClientRect().top - top };
  return { scrollTop: box.scrollTop, row };
}

function keepPlace(box: HTMLElement, before: View | undefined): void {
  const row = before?.row && box.querySelector(`[data-id="${CSS.escape(before.row.id)}"]`);
  if (row) box.scrollTop += row.getBoundingClientRect().top - box.getBoundingClientRect().top - before.row.top;
  else box.scrollTop = 0; // a jump to the first one
}

interface BeforeChangeProps {
  readonly hasNewer: boolean;
  run(shown: BeforeChangeProps): void;
}

/** Runs with what is still shown, before the document changes: only classes can. */
class BeforeChange extends Component<BeforeChangeProps> {
  override getSnapshotBeforeUpdate(shown: BeforeChangeProps): null {
    shown.run(shown);
    return null;
  }

  override componentDidUpdate(): void {} // React wants it beside the other one

  override render(): null {
    return null;
  }
}

const SAME_BREATH_MS = 5 * 60_000;

/** Of the same user, soon after: it needs no name of its own. */
function continues(before: ShownItem | undefined, { meta }: ShownItem): boolean {
  return before?.meta.from === meta.from && meta.at - (before?.meta.at ?? 0) < SAME_BREATH_MS;
}

const TIME = new Intl.DateTimeFormat(undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" });

interface RowProps extends Pick<MessageListProps, "edit" | "remove"> {
  readonly item: ShownItem;
  readonly isOwn: boolean;
  readonly isHead: boolean;
  readonly readers: readonly string[];
}

const Row = memo(function Row({ item, isOwn, isHead, readers, edit, remove }: RowProps) {
  const { id, text, isEdited, data, meta } = item;
  const name = nameOf(meta.from ?? "Somebody");
  return (
    <li
      className={`message${isOwn ? " own" : ""}${isHead ? " head" : ""}`}
      data-id={id}
      data-place={placeOf(id)}
      data-number={data.number}
    >
      {isHead && <Head user={meta.from} name={name} at={meta.at} />}
      <p className={text === undefined ? "text gone" : "text"}>
        {text ?? "Deleted"}
        {isEdited && <span className="quiet"> (edited)</span>}
      </p>
      {isOwn && text !== undefined && (
        <span className="actions">
          <button type="button" onClick={() => edit(item)}>
            Edit
          </button>
          <button type="button" onClick={() => remove(item)}>
            Delete
          </button>
        </span>
      )}
      <Readers users={readers} />
    </li>
  );
});

/** Who is speaking. The picture is the first letter. */
export function Head({
  user,
  name,
  at,
}: {
  readonly user: string | undefined;
  readonly name: string;
  readonly at?: number;
}) {
  return (
    <>
      <span className="face" aria-hidden="true" data-hue={hueOf(user ?? "")}>
        {name.slice(0, 1)}
      </span>
      <span className="who">{name}</span>
      {at !== undefined && <time dateTime={new Date(at).toISOString()}>{TIME.format(at)}</time>}
    </>
  );
}

const HUES = 6;

export function hueOf(user: string): number {
  return [...user].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES;
}

const MOST_READERS = 3;

/** Always has its room, so that nothing moves when somebody reads on. */
function Readers({ users }: { readonly users: readonly string[] }) {
  if (users.length === 0) return null;
  const names = users.map(nameOf);
  return (
    <span className="readers" title={`Read by ${names.join(", ")}`}>
      <span className="unseen">Read by {names.join(", ")}</span>
      {users.slice(0, MOST_READERS).map((user) => (
        <span key={user} className="face" aria-hidden="true" data-hue={hueOf(user)}>
          {nameOf(user).slice(0, 1)}
        </span>
      ))}
    </span>
  );
}
