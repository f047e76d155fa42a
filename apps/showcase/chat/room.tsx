/** A room: who is here, what was said, and the line to write on. */
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { nameOf, type Visitor } from "../frame/visitor.ts";
import {
  dismiss,
  editMessage,
  type Failure,
  markRead,
  me,
  readOutbox,
  readPage,
  readStart,
  removeMessage,
  type ShownItem,
  sayTyping,
  sendMessage,
  useOthers,
  useRoom,
  waitingIn,
  watchOutbox,
} from "./client.ts";
import { Composer } from "./composer.tsx";
import type { Room as RoomEntry } from "./contract.ts";
import { Head, MessageList } from "./message-list.tsx";
import { createReader } from "./messages.ts";
import { RoomHead } from "./room-head.tsx";
import { placeOf } from "./slice.ts";
import { useReadMark } from "./use-read-mark.ts";
import { useSlice } from "./use-slice.ts";

export interface RoomProps {
  readonly room: RoomEntry;
  readonly visitor: Visitor;
  /** Users who are writing. */
  readonly typing: readonly string[];
}

interface Mark {
  readonly user: string;
  readonly upTo: string;
}

export function Room({ room: { id, name }, visitor, typing }: RoomProps) {
  const { live, edited, removed } = useRoom(id);
  const { members, marks } = useOthers(id);
  const { pending, failures, isKept } = useSyncExternalStore(watchOutbox, readOutbox);
  const [isAtEnd, setAtEnd] = useState(true);
  const [editing, setEditing] = useState<ShownItem>();
  const look = useSlice({
    live: live.items,
    hasOlder: live.hasOlder,
    gap: live.gap,
    readPage: (ofRoom, before) => readPage(id, ofRoom, before),
    readStart: () => readStart(id),
  });

  const read = useMemo(createReader, []);
  const waiting = useMemo(() => waitingIn(id, pending), [id, pending]);
  const changes = useMemo(
    () => ({ edited: [...edited, ...waiting.edited], removed: [...removed, ...waiting.removed] }),
    [edited, removed, waiting],
  );
  const items = useMemo(() => read(look.items, changes), [read, look.items, changes]);
  const unsent = useMemo(() => {
    const stored = new Set(items.map(({ key }) => key));
    return read(waiting.messages, changes).filter(({ key }) => !stored.has(key));
  }, [read, items, waiting, changes]);
  const readers = useMemo(() => readersOf(marks), [marks]);

  const head = live.items.at(-1)?.id;
  const unseen = useUnseen(head, isAtEnd);
  useReadMark(head, isAtEnd, (upTo) => markRead(id, upTo));

  function submit(text: string): void {
    if (editing) editMessage(id, editing.data, text);
    else sendMessage(id, text);
    setEditing(undefined);
    if (!editing) look.jumpToLast();
  }

  const lastOwn = (): ShownItem | undefined =>
    items.findLast(({ meta, text }) => meta.from === me && text !== undefined);
  return (
    <section className="room" aria-labelledby="room">
      <RoomHead name={name} members={members} visitor={visitor} look={look} head={head} />
      <div className="log">
        <MessageList
          items={items}
          me={me}
          readers={readers}
          hasNewer={look.hasNewer}
          jumps={look.jumps}
          nearStart={look.readOlder}
          nearEnd={look.readNewer}
          atEnd={setAtEnd}
          edit={setEditing}
          remove={(item) => removeMessage(id, item.data)}
        >
          {!look.hasNewer && <Unsent items={unsent} />}
          {live.live && items.length + unsent.length === 0 && (
            <p className="empty quiet">Nothing was said here yet. Write something, or open a second client beside.</p>
          )}
        </MessageList>
        <Notice gap={live.gap} error={live.error?.message ?? look.error} />
        {!(isAtEnd && !look.hasNewer) && (
          <button type="button" className="latest" onClick={look.jumpToLast}>
            ↓ {unseen > 0 ? `${unseen.toLocaleString("en-GB")} new` : "Latest"}
          </button>
        )}
      </div>
      <Failures failures={failures.filter(({ room }) => room === id)} />
      <p className="hint quiet" aria-live="polite">
        {hintOf(typing, unsent.length, isKept)}
      </p>
      <Composer
        editing={editing && { key: editing.key, text: editing.text ?? "" }}
        typing={() => sayTyping(id)}
        submit={submit}
        cancel={() => setEditing(undefined)}
        editLast={() => setEditing(lastOwn())}
      />
    </section>
  );
}

/** Users by the last message that each has read. */
function readersOf(marks: readonly Mark[]): ReadonlyMap<string, readonly string[]> {
  const readers = new Map<string, string[]>();
  for (const { user, upTo } of marks) readers.set(upTo, [...(readers.get(upTo) ?? []), user]);
  return readers;
}

/** How many came since the end of the room was last seen. */
function useUnseen(head: string | undefined, isAtEnd: boolean): number {
  const seen = useRef(head);
  useEffect(() => {
    if (isAtEnd) seen.current = head;
  });
  return isAtEnd ? 0 : Math.max(0, placeOf(head) - placeOf(seen.current));
}

interface UnsentItem {
  readonly key: string;
  readonly text: string | undefined;
}

function Unsent({ items }: { readonly items: readonly UnsentItem[] }) {
  return (
    <ol className="unsent" aria-label="Not stored yet">
      {items.map(({ key, text }, index) => (
        <li key={key} className={index === 0 ? "message own head" : "message own"}>
          {index === 0 && <Head user={me} name={nameOf(me)} />}
          <p className="text">{text ?? "Deleted"}</p>
        </li>
      ))}
    </ol>
  );
}

interface NoticeProps {
  readonly gap: { readonly why: string } | undefined;
  readonly error: string | undefined;
}

/** Over the messages, since it must not move them. */
function Notice({ gap, error }: NoticeProps) {
  const [dismissed, setDismissed] = useState<object>();
  if (error !== undefined) return <p className="notice bad">{error}</p>;
  if (!gap || gap === dismissed) return null;
  return (
    <p className="notice" role="status">
      {gap.why === "trimmed"
        ? "You were away for longer than this room keeps messages: some are gone."
        : "The room began anew: what was said before is gone with the server's memory."}
      <button type="button" onClick={() => setDismissed(gap)}>
        Close
      </button>
    </p>
  );
}

function Failures({ failures }: { readonly failures: readonly Failure[] }) {
  const numbered = failures.map((failure, number) => ({ failure, number }));
  return (
    <ul className="failures">
      {numbered.map(({ failure, number }) => (
        <li key={number}>
          <p>
            <strong>Not sent:</strong> {failure.text} <span className="quiet">{failure.why}</span>
          </p>
          <button type="button" onClick={failure.again}>
            Send again
          </button>
          <button type="button" onClick={() => dismiss(failure)}>
            Throw away
          </button>
        </li>
      ))}
    </ul>
  );
}

function hintOf(typing: readonly string[], unsent: number, isKept: boolean): string {
  const names = typing.map(nameOf);
  if (names.length === 1) return `${names[0]} is writing`;
  if (names.length > 1) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are writing`;
  if (unsent === 0) return "";
  return `${unsent} on ${unsent === 1 ? "its" : "their"} way${isKept ? ", and kept on this device" : ""}`;
}
